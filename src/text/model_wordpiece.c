/* text/model_wordpiece.c - WordPiece: the longest token that begins what is left of the word, again and again. */
#include "text/model.h"

#include <string.h>

smac_status wordpiece_encode(
    const model *m, const aligned_char *items, size_t count, model_work *w, token_list *out, smac_error *error)
{
    size_t before = out->count, prefix = strlen(m->prefix);
    uint32_t prefix_hash = vocabulary_hash_add(VOCABULARY_HASH_START, m->prefix, prefix);
    if (count > m->longest_word) {
        token_add(out, m->unknown_id, items[0].start, items[count - 1].end);
        return SMAC_OK;
    }
    TRY(model_work_spell(w, items, count, error));
    for (size_t from = 0; from < count;) {
        const char *begin = w->bytes + w->at[from];
        uint32_t hash = from ? prefix_hash : VOCABULARY_HASH_START;
        size_t used = from ? prefix : 0, best = 0;
        int32_t best_id = -1;
        /* Hashes grow character by character, so every length is asked once; the longest that is there wins. */
        for (size_t end = from + 1; end <= count; end++) {
            size_t length = w->at[end] - w->at[from];
            if (used + length > m->tokens.longest)
                break;
            hash = vocabulary_hash_add(hash, w->bytes + w->at[end - 1], w->at[end] - w->at[end - 1]);
            int32_t id = vocabulary_find_parts(&m->tokens, hash, m->prefix, used, begin, length);
            if (id >= 0) {
                best_id = id;
                best = end;
            }
        }
        if (best_id < 0) {
            out->count = before;
            token_add(out, m->unknown_id, items[0].start, items[count - 1].end);
            return SMAC_OK;
        }
        token_add(out, best_id, items[from].start, items[best - 1].end);
        from = best;
    }
    return SMAC_OK;
}
