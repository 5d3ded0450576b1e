/* media/endings.c - file extensions of recordings. */
#include <string.h>
#include <strings.h>

#include "media/media.h"

const char *const media_endings[] = {"mp4", "mkv", "webm", "mov", "avi", "wav", "flac", "mp3", "m4a", "ogg", "m4v",
    "mpg", "mpeg", "ts", "mts", "m2ts", "wmv", "flv", "3gp", "ogv", "opus", "aac", "wma", NULL};

bool media_has_ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot != name && media_endings[i]; i++)
        if (strcasecmp(dot + 1, media_endings[i]) == 0)
            return true;
    return false;
}
