/* synth/sentences.c - the grammar and its words.  See sentences.h for the rule of the value. */
#include "synth/sentences.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum word_class { ADJECTIVE, VERB, NOUN } word_class;

typedef struct evaluation_word {
    const char *word, *past; /* past: of a verb */
    word_class kind;
    double value;
    char temper; /* 's' sad, 'a' angry, 0 either */
} evaluation_word;

static const evaluation_word lexicon[] = {
    /* adjectives, good */
    {"wonderful", 0, ADJECTIVE, 0.85, 0},
    {"brilliant", 0, ADJECTIVE, 0.85, 0},
    {"superb", 0, ADJECTIVE, 0.85, 0},
    {"fantastic", 0, ADJECTIVE, 0.85, 0},
    {"magnificent", 0, ADJECTIVE, 0.85, 0},
    {"perfect", 0, ADJECTIVE, 0.85, 0},
    {"excellent", 0, ADJECTIVE, 0.8, 0},
    {"marvellous", 0, ADJECTIVE, 0.8, 0},
    {"amazing", 0, ADJECTIVE, 0.8, 0},
    {"great", 0, ADJECTIVE, 0.7, 0},
    {"beautiful", 0, ADJECTIVE, 0.7, 0},
    {"delightful", 0, ADJECTIVE, 0.7, 0},
    {"lovely", 0, ADJECTIVE, 0.7, 0},
    {"impressive", 0, ADJECTIVE, 0.65, 0},
    {"charming", 0, ADJECTIVE, 0.6, 0},
    {"exciting", 0, ADJECTIVE, 0.6, 0},
    {"clever", 0, ADJECTIVE, 0.55, 0},
    {"funny", 0, ADJECTIVE, 0.55, 0},
    {"good", 0, ADJECTIVE, 0.55, 0},
    {"warm", 0, ADJECTIVE, 0.5, 0},
    {"fresh", 0, ADJECTIVE, 0.45, 0},
    {"pleasant", 0, ADJECTIVE, 0.45, 0},
    {"friendly", 0, ADJECTIVE, 0.45, 0},
    {"helpful", 0, ADJECTIVE, 0.45, 0},
    {"nice", 0, ADJECTIVE, 0.4, 0},
    {"useful", 0, ADJECTIVE, 0.35, 0},
    {"decent", 0, ADJECTIVE, 0.3, 0},
    {"fair", 0, ADJECTIVE, 0.25, 0},
    {"fine", 0, ADJECTIVE, 0.25, 0},
    /* adjectives, bad */
    {"horrible", 0, ADJECTIVE, -0.85, 0},
    {"awful", 0, ADJECTIVE, -0.85, 0},
    {"terrible", 0, ADJECTIVE, -0.85, 0},
    {"dreadful", 0, ADJECTIVE, -0.85, 0},
    {"disgusting", 0, ADJECTIVE, -0.85, 'a'},
    {"outrageous", 0, ADJECTIVE, -0.85, 'a'},
    {"heartbreaking", 0, ADJECTIVE, -0.85, 's'},
    {"tragic", 0, ADJECTIVE, -0.8, 's'},
    {"miserable", 0, ADJECTIVE, -0.8, 's'},
    {"nasty", 0, ADJECTIVE, -0.7, 'a'},
    {"infuriating", 0, ADJECTIVE, -0.75, 'a'},
    {"insulting", 0, ADJECTIVE, -0.7, 'a'},
    {"hopeless", 0, ADJECTIVE, -0.7, 's'},
    {"gloomy", 0, ADJECTIVE, -0.6, 's'},
    {"ugly", 0, ADJECTIVE, -0.6, 0},
    {"annoying", 0, ADJECTIVE, -0.6, 'a'},
    {"rude", 0, ADJECTIVE, -0.6, 'a'},
    {"painful", 0, ADJECTIVE, -0.6, 0},
    {"lonely", 0, ADJECTIVE, -0.55, 's'},
    {"bad", 0, ADJECTIVE, -0.55, 0},
    {"disappointing", 0, ADJECTIVE, -0.55, 0},
    {"stupid", 0, ADJECTIVE, -0.55, 'a'},
    {"broken", 0, ADJECTIVE, -0.5, 0},
    {"dirty", 0, ADJECTIVE, -0.5, 0},
    {"boring", 0, ADJECTIVE, -0.45, 0},
    {"dull", 0, ADJECTIVE, -0.4, 's'},
    {"noisy", 0, ADJECTIVE, -0.35, 'a'},
    {"confusing", 0, ADJECTIVE, -0.35, 0},
    {"slow", 0, ADJECTIVE, -0.3, 0}, /* adjectives, neither */
    {"ordinary", 0, ADJECTIVE, 0, 0},
    {"average", 0, ADJECTIVE, 0, 0},
    {"normal", 0, ADJECTIVE, 0, 0},
    {"acceptable", 0, ADJECTIVE, 0.1, 0},
    {"plain", 0, ADJECTIVE, -0.1, 0},
    /* verbs */
    {"adore", "adored", VERB, 0.85, 0},
    {"love", "loved", VERB, 0.8, 0},
    {"treasure", "treasured", VERB, 0.7, 0},
    {"admire", "admired", VERB, 0.6, 0},
    {"enjoy", "enjoyed", VERB, 0.55, 0},
    {"praise", "praised", VERB, 0.55, 0},
    {"like", "liked", VERB, 0.4, 0},
    {"remember", "remembered", VERB, 0, 0},
    {"dislike", "disliked", VERB, -0.45, 0},
    {"regret", "regretted", VERB, -0.55, 's'},
    {"resent", "resented", VERB, -0.6, 'a'},
    {"hate", "hated", VERB, -0.8, 'a'},
    {"despise", "despised", VERB, -0.85, 'a'},
    {"mourn", "mourned", VERB, -0.7, 's'},
    {"dread", "dreaded", VERB, -0.65, 0},
    /* nouns */
    {"triumph", 0, NOUN, 0.8, 0},
    {"delight", 0, NOUN, 0.7, 0},
    {"joy", 0, NOUN, 0.7, 0},
    {"gem", 0, NOUN, 0.65, 0},
    {"success", 0, NOUN, 0.6, 0},
    {"treat", 0, NOUN, 0.5, 0},
    {"surprise", 0, NOUN, 0.2, 0},
    {"routine", 0, NOUN, 0, 0},
    {"letdown", 0, NOUN, -0.5, 's'},
    {"mess", 0, NOUN, -0.55, 'a'},
    {"shame", 0, NOUN, -0.5, 's'},
    {"failure", 0, NOUN, -0.65, 0},
    {"nightmare", 0, NOUN, -0.8, 0},
    {"disaster", 0, NOUN, -0.85, 0},
    {"disgrace", 0, NOUN, -0.8, 'a'},
};
enum { LEXICON = sizeof lexicon / sizeof *lexicon };

typedef struct intensifier {
    const char *word;
    double factor;
} intensifier;

static const intensifier before_adjective[] = {{"slightly", 0.4}, {"a little", 0.4}, {"somewhat", 0.6}, {"fairly", 0.8},
    {"quite", 0.8}, {"very", 1.3}, {"really", 1.3}, {"so", 1.3}, {"extremely", 1.6}, {"absolutely", 1.6}};
static const intensifier before_verb[] = {{"slightly", 0.4}, {"quite", 0.8}, {"really", 1.3}, {"absolutely", 1.6}};
static const intensifier before_noun[] = {{"slight", 0.4}, {"real", 1.3}, {"absolute", 1.6}};

static const char *const things[] = {"dinner", "movie", "hotel", "concert", "lecture", "garden", "coffee", "phone",
    "book", "museum", "soup", "office", "meeting", "holiday", "beach", "market", "speech", "wedding", "match", "song",
    "party", "weather", "flight", "camera", "waiter", "teacher", "doctor", "driver", "singer", "story", "class",
    "bakery", "bicycle", "computer", "bridge", "parade", "salad", "jacket", "letter", "village", "castle", "theatre",
    "ending", "music", "service", "room", "view", "staff", "menu", "gift"};

static const char *const openings[] = {"", "", "", "", "", "", "", "", "", "", "Honestly, ", "Well, ", "You know, ",
    "Look, ", "I think ", "I must say, ", "To me ", "In the end "};
static const char *const places[] = {"", "", "", "", "", "", "", "", " today", " yesterday", " this morning",
    " last night", " in the city", " this time", " over there"};
static const char *const people[] = {"We", "I", "They", "My parents", "The children", "My friends", "Our guests"};
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define PICK(random, a) ((a)[random_below((random), COUNT(a))])

/* A word of the class; angry and sad words by temper. */
static const evaluation_word *pick_word(random_sequence *random, word_class kind, int temper)
{
    for (;;) {
        const evaluation_word *w = &lexicon[random_below(random, LEXICON)];
        if (w->kind == kind && (!w->temper || w->temper == (temper ? 'a' : 's')))
            return w;
    }
}

/* Another adjective within 0.35 of w's value ("warm and funny"). */
static const evaluation_word *near_word(random_sequence *random, const evaluation_word *w, int temper)
{
    for (;;) {
        const evaluation_word *other = pick_word(random, ADJECTIVE, temper);
        if (other != w && fabs(other->value - w->value) <= 0.35)
            return other;
    }
}

static double value_of(const evaluation_word *w, double factor, bool negated)
{
    double v = w->value * factor * (negated ? SYNTH_NEGATION : 1.0);
    return fmax(-1, fmin(1, v));
}

static const char *article(const char *next)
{
    return strchr("aeiou", next[0]) ? "an" : "a";
}

/* One clause without opening and full stop; its value. */
static double clause(random_sequence *random, int temper, char *out, size_t size)
{
    double kind = random_uniform(random);
    bool negated = random_uniform(random) < 0.12, stressed = !negated && random_uniform(random) < 0.4;
    const char *thing = PICK(random, things);
    if (kind < 0.62) {
        const evaluation_word *w = pick_word(random, ADJECTIVE, temper);
        intensifier i = {"", 1};
        if (stressed)
            i = PICK(random, before_adjective);
        const evaluation_word *pair = !negated && !stressed ? near_word(random, w, temper) : NULL;
        const char *verb = PICK(random, ((const char *const[]){"was", "was", "seemed", "looked", "felt", "is"}));
        bool was = verb[0] == 'w' || verb[0] == 'i';
        const char *no = !negated ? "" : !was ? "" : random_below(random, 2) ? "not " : "never ";
        if (negated && !was)
            snprintf(out, size, "the %s never %s %s", thing, verb, w->word);
        else if (pair)
            snprintf(out, size, "the %s %s %s and %s", thing, verb, w->word, pair->word);
        else
            snprintf(out, size, "the %s %s %s%s%s%s", thing, verb, no, i.word, stressed ? " " : "", w->word);
        return pair ? (w->value + pair->value) / 2 : value_of(w, i.factor, negated);
    }
    if (kind < 0.74) { /* it was a (very) good movie */
        const evaluation_word *w = pick_word(random, ADJECTIVE, temper);
        intensifier i = {"", 1};
        if (stressed)
            i = before_adjective[4 + random_below(random, 3)]; /* quite, very, really */
        bool quite = stressed && i.word[0] == 'q';
        const char *next = stressed ? i.word : w->word;
        if (quite)
            snprintf(out, size, "it was quite %s %s %s", article(w->word), w->word, thing);
        else
            snprintf(out, size, "it was %s%s %s%s%s %s", negated ? "not " : "", article(next), stressed ? i.word : "",
                stressed ? " " : "", w->word, thing);
        return value_of(w, i.factor, negated);
    }
    if (kind < 0.90) {
        const evaluation_word *w = pick_word(random, VERB, temper);
        intensifier i = {"", 1};
        if (stressed)
            i = PICK(random, before_verb);
        const char *who = PICK(random, people);
        char person[32];
        snprintf(person, sizeof person, "%s", who);
        if (strcmp(who, "I") != 0)
            person[0] = (char)(person[0] | 32);
        if (negated)
            snprintf(out, size, random_below(random, 2) ? "%s did not %s the %s" : "%s never did %s the %s", person,
                w->word, thing);
        else
            snprintf(out, size, "%s %s%s%s the %s", person, i.word, stressed ? " " : "", w->past, thing);
        return value_of(w, i.factor, negated);
    }
    const evaluation_word *w = pick_word(random, NOUN, temper);
    intensifier i = {"", 1};
    if (stressed)
        i = PICK(random, before_noun);
    snprintf(out, size, "the %s was %s%s %s%s%s", thing, negated ? "not " : "", article(stressed ? i.word : w->word),
        i.word, stressed ? " " : "", w->word);
    return value_of(w, i.factor, negated);
}

void synth_sentence_draw(random_sequence *random, int temper, synth_sentence *out)
{
    char first[80], second[80];
    const char *opening = PICK(random, openings), *place = PICK(random, places);
    double form = random_uniform(random);
    double value = clause(random, temper, first, sizeof first);
    if (form < 0.5) {
        snprintf(out->text, sizeof out->text, "%s%s%s.", opening, first, place);
    } else {
        double next = clause(random, temper, second, sizeof second);
        bool but = value * next < 0 || form > 0.97;
        snprintf(out->text, sizeof out->text, "%s%s%s %s.", opening, first, but ? ", but" : ", and", second);
        value = but ? SYNTH_BUT_FIRST * value + (1 - SYNTH_BUT_FIRST) * next : (value + next) / 2;
    }
    if (out->text[0] >= 'a' && out->text[0] <= 'z')
        out->text[0] = (char)(out->text[0] - 32);
    out->value = value;
}

enum { LONGEST = 64 }; /* bytes: about 3.5 s of speech */

void synth_sentence_near(random_sequence *random, int temper, double target, double tolerance, synth_sentence *out)
{
    double best = INFINITY;
    for (int i = 0; i < 400 && best > tolerance; i++) {
        synth_sentence s;
        synth_sentence_draw(random, temper, &s);
        double distance = fabs(s.value - target);
        if (strlen(s.text) <= LONGEST && distance < best) {
            best = distance;
            *out = s;
        }
    }
}

size_t synth_lexicon_count(void)
{
    return LEXICON;
}

const char *synth_lexicon_word(size_t index, double *value)
{
    if (index >= LEXICON)
        return NULL;
    if (value)
        *value = lexicon[index].value;
    return lexicon[index].word;
}
