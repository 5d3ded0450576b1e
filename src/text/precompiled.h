/* text/precompiled.h - sentencepiece's precompiled_charsmap: a double-array trie from short texts to replacements. */
#ifndef SMAC_TEXT_PRECOMPILED_H
#define SMAC_TEXT_PRECOMPILED_H

#include "text/aligned.h"

typedef struct precompiled precompiled;

/*
 * The map's bytes: u32 little-endian size of the trie, the trie (darts-clone units of 4 bytes), then replacements, each
 * ended by NUL.  An empty map is fine and changes nothing.
 */
smac_status precompiled_read(const unsigned char *data, size_t size, precompiled **out, smac_error *error);
/*
 * Whether every path through the trie stays inside it, and every replacement lies and ends inside the map.
 * libsentencepiece does not check this.
 */
smac_status precompiled_check(const precompiled *p, smac_error *error);
void precompiled_free(precompiled *p);

/*
 * Replace grapheme cluster by cluster (those of 5 bytes and less as a whole, else character by character) as the
 * tokenizers package does: the shortest key that begins the piece decides what the whole piece becomes.
 */
void precompiled_apply(const precompiled *p, const aligned_text *text, aligned_text *out);

#endif
