/* media/transcript_find.c - finding a recording's transcript by its name. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "media/language.h"
#include "media/transcript.h"

static const char *const endings[] = {"srt", "vtt", "json", "txt"};
enum {
    ENDINGS = 4,
    JSON = 2 /* from here on names have no language */,
    PLAIN = 3 /* only in a folder of transcripts */
};

typedef struct found {
    char *exact[ENDINGS];    /* STEM.srt */
    char *language[ENDINGS]; /* STEM.de.srt: of the wanted language, or the first */
    size_t languages;        /* number of other, different languages */
    char code[16];           /* of the first language */
    bool is_wanted;          /* language[] holds the wanted one */
} found;

static void found_free(found *f)
{
    for (int i = 0; i < ENDINGS; i++) {
        free(f->exact[i]);
        free(f->language[i]);
    }
}

static int ending_of(const char *name, size_t *stem)
{
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && i < ENDINGS; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0) {
            *stem = (size_t)(dot - name);
            return i;
        }
    return -1;
}

/* Remember a matching name: STEM.ENDING or STEM.CODE.ENDING. */
static bool found_add(found *f, const char *name, const char *stem, const char *language)
{
    size_t length, size = strlen(stem);
    int ending = ending_of(name, &length);
    if (ending < 0 || strncmp(name, stem, size) != 0)
        return true;
    if (length == size)
        return f->exact[ending] || (f->exact[ending] = memory_copy_text(name));
    char code[16] = {0};
    if (ending >= JSON || name[size] != '.' || length - size - 1 >= sizeof code)
        return true;
    memcpy(code, name + size + 1, length - size - 1);
    if (strchr(code, '.') || !language_is_listed(code))
        return true;
    bool wanted = language && language_is_same(code, language);
    if (!f->code[0])
        memcpy(f->code, code, sizeof code);
    if (!wanted && (f->is_wanted || !language_is_same(code, f->code)))
        f->languages++;
    if (f->is_wanted && !wanted)
        return true;
    if (wanted && !f->is_wanted)
        for (int i = 0; i < ENDINGS; i++) {
            free(f->language[i]);
            f->language[i] = NULL;
        }
    f->is_wanted = wanted;
    if (!f->language[ending] && !(f->language[ending] = memory_copy_text(name)))
        return false;
    return true;
}

static bool is_transcript(const char *path)
{
    transcript t;
    smac_status status = transcript_read(path, &t, NULL);
    bool some = status == SMAC_OK && t.count > 0;
    if (status == SMAC_OK)
        transcript_free(&t);
    return some;
}

/* plain: a .txt counts too. */
static smac_status found_choose(const found *f, const char *folder, bool plain, char **out, smac_error *error)
{
    const char *names[2 * ENDINGS];
    int count = 0;
    for (int i = 0; i < ENDINGS; i++)
        if (f->exact[i] && (i != PLAIN || plain))
            names[count++] = f->exact[i];
    for (int i = 0; i < ENDINGS && (f->is_wanted || f->languages == 0); i++)
        if (f->language[i])
            names[count++] = f->language[i];
    for (int i = 0; i < count; i++) {
        size_t stem;
        char *path = path_join(folder, names[i]);
        if (!path)
            return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the name of a transcript");
        bool good = !file_is_folder(path) && (ending_of(names[i], &stem) != JSON || is_transcript(path));
        if (good) {
            *out = path;
            return SMAC_OK;
        }
        free(path);
    }
    return SMAC_OK;
}

smac_status transcript_find(
    const char *recording, const char *folder, const char *language, char **out, smac_error *error)
{
    found f = {0};
    *out = NULL;
    const char *base = path_base(recording), *dot = strrchr(base, '.');
    char *stem = memory_copy_text(base), *here = memory_copy_text(base > recording ? recording : "./");
    smac_status status = SMAC_OK;
    if (!stem || !here) {
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the name of a transcript");
    } else {
        if (dot && dot > base)
            stem[dot - base] = 0;
        here[base > recording ? (size_t)(base - recording) : 2] = 0;
        DIR *list = opendir(folder ? folder : here);
        for (const struct dirent *entry; list && status == SMAC_OK && (entry = readdir(list));)
            if (!found_add(&f, entry->d_name, stem, language))
                status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the name of a transcript");
        if (list)
            closedir(list);
        if (status == SMAC_OK)
            status = found_choose(&f, folder ? folder : here, folder != NULL, out, error);
    }
    found_free(&f);
    free(stem);
    free(here);
    return status;
}
