/* Readers of published sets: a few rows in each set's own layout, and what can be wrong with them. */
#include "support/readers.h"

#include "base/file.h"
#include "base/text.h"
#include "data/emotions.h"
#include "weights/pickle_write.h"

#define MELD_HEAD \
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"

static void meld(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    write_text(folder, "train_sent_emo.csv",
        MELD_HEAD "1,\"Hi, you\",Ross,joy,positive,0,0,8,21,\"00:16:16,059\",\"00:16:21,731\"\r\n"
                  "2,No.,Rachel,anger,negative,0,1,8,21,\"00:16:21,940\",\"00:16:23,442\"\r\n"
                  "3,What?,Joey,surprise,neutral,1,0,8,21,\"00:16:26,820\",\"00:16:29,572\"\r\n");
    write_text(
        folder, "dev_sent_emo.csv", MELD_HEAD "1,So.,Ross,neutral,neutral,0,0,4,7,\"00:20:57,256\",\"00:21:00,049\"\n");
    read_set(folder, "meld", "emotion,polarity", &d);
    assert_int_equal(d->count, 4);
    const dataset_item *second = find_item(d, "train_dia0_utt1");
    assert_string_equal(second->text, "No.");
    assert_string_equal(second->speaker, "Rachel");
    assert_int_equal(second->context_count, 1);
    assert_string_equal(second->context[0], "Ross: Hi, you");
    assert_int_equal(find_item(d, "train_dia1_utt0")->context_count, 0);
    assert_int_equal(find_item(d, "dev_dia0_utt0")->split, SPLIT_VALID);
    assert_near(dataset_label(d, second, 0, TRUTH_MULTIMODAL), EMOTION_ANGER, 0);
    assert_near(dataset_label(d, second, 1, TRUTH_MULTIMODAL), 0, 0);
    dataset_free(d);
    make_folder(folder, "train_splits"); /* clips from here on: they are wanted for every row of the split */
    write_text(folder, "train_splits/dia0_utt0.mp4", "x");
    expect_refused(folder, "meld", NULL, "dia0_utt1.mp4");
    expect_refused(folder, "meld", "humor", "emotion, polarity");
    write_text(folder, "dev_sent_emo.csv", MELD_HEAD "1,So.,Ross,rage,neutral,0,0,4,7,a,b\n");
    expect_refused(folder, "meld", NULL, "train_splits");
    folder_remove(folder);
    folder_new(folder);
    expect_refused(folder, "meld", NULL, "train_sent_emo.csv");
    write_text(folder, "dev_sent_emo.csv", MELD_HEAD "1,So.,Ross,rage,neutral,0,0,4,7,a,b\n");
    expect_refused(folder, "meld", NULL, "'rage' is not an emotion of MELD");
    write_text(folder, "dev_sent_emo.csv", "a,b\n1,2\n");
    expect_refused(folder, "meld", NULL, "has no column Utterance");
    folder_remove(folder);
}

/* The release's own damaged clip is told of and its words are used; another one is left to whoever decodes it. */
static void meld_damaged_clip(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    make_folder(folder, "train_splits");
    write_text(folder, "train_sent_emo.csv",
        MELD_HEAD "1,Hi,Ross,joy,positive,125,3,8,21,a,b\n2,No.,Ben,anger,negative,125,4,8,21,a,b\n");
    write_text(folder, "train_splits/dia125_utt3.mp4", "not a recording");
    write_text(folder, "train_splits/dia125_utt4.mp4", "not a recording");
    read_set(folder, "meld", NULL, &d);
    assert_int_equal(d->count, 2);
    assert_null(find_item(d, "train_dia125_utt3")->media);
    assert_non_null(find_item(d, "train_dia125_utt4")->media);
    assert_int_equal(d->loss_count, 1);
    assert_int_equal(d->losses[0].kind, LOSS_MEDIA);
    assert_non_null(strstr(d->losses[0].message, "dia125_utt3.mp4 is damaged"));
    dataset_free(d);
    folder_remove(folder);
}

static void mustard(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    text_buffer json = {0};
    for (int i = 0; i < 40; i++)
        text_format(&json,
            "%s\"c_%d\": {\"utterance\": \"Said %d\", \"speaker\": \"AMY\", \"context\": [\"One.\", \"Two.\"], "
            "\"context_speakers\": [\"BEN\", \"AMY\"], \"show\": \"%s\", \"sarcasm\": %s}",
            i ? ",\n" : "{", i, i, i < 5 ? "FRIENDS" : "BBT", i % 2 ? "true" : "false");
    text_add(&json, "}");
    write_text(folder, "sarcasm_data.json", json.data);
    text_free(&json);
    read_set(folder, "mustard", NULL, &d);
    assert_int_equal(d->count, 40);
    assert_int_equal(dataset_split_count(d, SPLIT_TEST), 5);
    int64_t valid = dataset_split_count(d, SPLIT_VALID);
    assert_true(valid > 1 && valid < 18);
    const dataset_item *item = find_item(d, "c_7");
    assert_string_equal(item->text, "Said 7");
    assert_int_equal(item->context_count, 2);
    assert_string_equal(item->context[0], "BEN: One.");
    assert_near(dataset_label(d, item, 0, TRUTH_MULTIMODAL), 1, 0);
    dataset_free(d);
    int64_t held_out = 0; /* the folds without a stored file: each clip is held out once */
    for (int fold = 1; fold <= 5; fold++) {
        char layout[16];
        snprintf(layout, sizeof layout, "mustard-%d", fold);
        read_set(folder, layout, NULL, &d);
        held_out += dataset_split_count(d, SPLIT_VALID);
        dataset_free(d);
    }
    assert_int_equal(held_out, 40);
    expect_refused(folder, "mustard-6", NULL, "unknown dataset layout");
    write_text(folder, "sarcasm_data.json", "[1]");
    expect_refused(folder, "mustard", NULL, "not an object");
    write_text(folder, "sarcasm_data.json", "{\"a\": {\"utterance\": \"x\"}}");
    expect_refused(folder, "mustard", NULL, "lacks one of utterance, show and sarcasm");
    folder_remove(folder);
}

/* Pickles of protocol 2, written by hand: dictionaries, lists, texts and integers. */
static void urfunny(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    char path[512];
    file_in(folder, "data_folds.pkl", path);
    static const char folds[] = "\x80\x02}(X\x05\0\0\0train](K\x01K\x03"
                                "eX\x03\0\0\0"
                                "dev](K\x04"
                                "eX\x04\0\0\0test]u.";
    static const char words[] = "\x80\x02}(K\x01}(X\x12\0\0\0punchline_sentenceX\x03\0\0\0"
                                "abcX\x11\0\0\0"
                                "context_sentences](X\x02\0\0\0"
                                "deX\x01\0\0\0"
                                "feu"
                                "K\x03}(X\x12\0\0\0punchline_sentenceX\x01\0\0\0gu"
                                "K\x04}(X\x12\0\0\0punchline_sentenceX\x01\0\0\0huu.";
    static const char labels[] = "\x80\x02}(K\x01K\x01K\x03K\x00K\x04K\x01u.";
    assert_ok(file_write(path, folds, sizeof folds - 1, error));
    file_in(folder, "language_sdk.pkl", path);
    assert_ok(file_write(path, words, sizeof words - 1, error));
    file_in(folder, "humor_label_sdk.pkl", path);
    assert_ok(file_write(path, labels, sizeof labels - 1, error));
    read_set(folder, "urfunny", NULL, &d);
    assert_int_equal(d->count, 3);
    const dataset_item *first = find_item(d, "1");
    assert_string_equal(first->text, "abc");
    assert_int_equal(first->context_count, 2);
    assert_string_equal(first->context[1], "f");
    assert_near(dataset_label(d, first, 0, TRUTH_MULTIMODAL), 1, 0);
    assert_int_equal(find_item(d, "4")->split, SPLIT_VALID);
    dataset_free(d);
    assert_ok(file_write(path, "\x80\x02}(K\x01K\x02u.", 10, error));
    expect_refused(folder, "urfunny", NULL, "no label 0 or 1 of clip 1");
    static const char overlapping[] = "\x80\x02}(X\x05\0\0\0train](K\x01K\x03"
                                      "eX\x03\0\0\0"
                                      "dev](K\x03"
                                      "eX\x04\0\0\0test]u.";
    assert_ok(file_write(path, labels, sizeof labels - 1, error));
    file_in(folder, "data_folds.pkl", path);
    assert_ok(file_write(path, overlapping, sizeof overlapping - 1, error));
    expect_refused(folder, "urfunny", NULL, "clip 3 is in the data twice");
    assert_ok(file_write(path, folds, sizeof folds - 1, error));
    file_in(folder, "humor_label_sdk.pkl", path);
    assert_int_equal(remove(path), 0);
    expect_refused(folder, "urfunny", NULL, "humor_label_sdk.pkl");
    folder_remove(folder);
}

static FILE *begin_pickle(const char *folder, const char *name)
{
    char path[512];
    FILE *f = fopen(file_in(folder, name, path), "wb");
    assert_non_null(f);
    pickle_write_begin(f);
    pickle_write_open(f, '{');
    return f;
}

static void end_pickle(FILE *f)
{
    pickle_write_close(f, '{');
    pickle_write_end(f);
    assert_int_equal(fclose(f), 0);
}

/* openface_features_sdk.pkl: an array of two vectors of one word each, one value of which is not finite. */
static void urfunny_vectors(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    const float values[] = {1, 2, 3, -INFINITY, 5, 6};
    folder_new(folder);
    FILE *f = begin_pickle(folder, "data_folds.pkl");
    static const char *const folds[] = {"train", "dev", "test"};
    for (int i = 0; i < 3; i++) {
        pickle_write_text(f, folds[i]);
        pickle_write_open(f, '[');
        if (i < 2)
            pickle_write_integer(f, i + 1);
        pickle_write_close(f, '[');
    }
    end_pickle(f);
    f = begin_pickle(folder, "language_sdk.pkl");
    for (int i = 1; i <= 2; i++) {
        pickle_write_integer(f, i);
        pickle_write_open(f, '{');
        pickle_write_text(f, "punchline_sentence");
        pickle_write_text(f, "so");
        pickle_write_close(f, '{');
    }
    end_pickle(f);
    f = begin_pickle(folder, "humor_label_sdk.pkl");
    for (int i = 1; i <= 2; i++) {
        pickle_write_integer(f, i);
        pickle_write_integer(f, i - 1);
    }
    end_pickle(f);
    f = begin_pickle(folder, "openface_features_sdk.pkl");
    pickle_write_integer(f, 1);
    pickle_write_open(f, '{');
    pickle_write_text(f, "punchline_features");
    pickle_write_array_begin(f, 2, (const int64_t[]){2, 3});
    pickle_write_floats(f, values, 6);
    pickle_write_array_end(f);
    pickle_write_close(f, '{');
    end_pickle(f);
    read_set(folder, "urfunny", NULL, &d);
    const feature_sequence *vision = &find_item(d, "1")->features[MODALITY_VISION];
    assert_int_equal(vision->steps, 2);
    assert_int_equal(vision->width, 3);
    assert_memory_equal(vision->data, ((const float[]){1, 2, 3, 0, 5, 6}), sizeof values);
    assert_null(find_item(d, "2")->features[MODALITY_VISION].data);
    assert_int_equal(d->loss_count, 1);
    assert_int_equal(d->losses[0].kind, LOSS_VALUES);
    dataset_free(d);
    f = begin_pickle(folder, "covarep_features_sdk.pkl"); /* vectors of different widths */
    pickle_write_integer(f, 1);
    pickle_write_open(f, '{');
    pickle_write_text(f, "punchline_features");
    pickle_write_open(f, '[');
    for (int i = 1; i <= 2; i++) {
        pickle_write_open(f, '[');
        for (int k = 0; k < i; k++)
            pickle_write_integer(f, k);
        pickle_write_close(f, '[');
    }
    pickle_write_close(f, '[');
    pickle_write_close(f, '{');
    end_pickle(f);
    expect_refused(folder, "urfunny", NULL, "punchline_features of clip 1 are not vectors of one width");
    folder_remove(folder);
}

static void goemotions(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    write_text(folder, "comments.csv", "id,split,text,emotions\na,train,Nice,joy admiration\nb,valid,Hm,anger joy\n");
    read_set(folder, "goemotions", "emotion,goemotions", &d);
    const float *v = label_values(find_item(d, "a"), 0, TRUTH_MULTIMODAL);
    assert_near(v[EMOTION_JOY], 1, 1e-6);
    v = label_values(find_item(d, "b"), 0, TRUTH_MULTIMODAL);
    assert_near(v[EMOTION_JOY], 0.5, 1e-6);
    assert_near(v[EMOTION_ANGER], 0.5, 1e-6);
    dataset_free(d);
    write_text(folder, "comments.csv", "id,split,text,emotions\na,train,Nice,rage\n");
    expect_refused(folder, "goemotions", NULL, "'rage' are not emotions");
    folder_remove(folder);
    folder_new(folder); /* the makers' own files: 2 is anger, 17 joy, 27 neutral */
    write_text(folder, "train.tsv", "It said \"no\"\t2,17\taa\nFine\t27\tbb\n");
    write_text(folder, "dev.tsv", "So\t27\tcc\n");
    read_set(folder, "goemotions", NULL, &d);
    assert_int_equal(d->count, 3);
    assert_string_equal(find_item(d, "aa")->text, "It said \"no\"");
    v = label_values(find_item(d, "aa"), 0, TRUTH_MULTIMODAL);
    assert_near(v[EMOTION_ANGER], 0.5, 1e-6);
    dataset_free(d);
    folder_remove(folder);
}

static void voices(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    make_folder(folder, "Actor_05");
    make_folder(folder, "Actor_18");
    write_text(folder, "Actor_05/03-01-02-01-01-02-05.wav", "x"); /* calm */
    write_text(folder, "Actor_18/03-01-06-02-02-01-18.wav", "x"); /* fearful */
    write_text(folder, "Actor_18/03-02-06-02-02-01-18.wav", "x"); /* song: not speech */
    expect_refused(folder, "ravdess", NULL, "03-02-06-02-02-01-18.wav");
    char path[512];
    file_in(folder, "Actor_18/03-02-06-02-02-01-18.wav", path);
    assert_int_equal(remove(path), 0);
    read_set(folder, "ravdess", "emotion,emotion_acted,sentiment", &d);
    assert_int_equal(d->count, 2);
    const dataset_item *calm = find_item(d, "03-01-02-01-01-02-05"), *fearful = find_item(d, "03-01-06-02-02-01-18");
    assert_string_equal(calm->speaker, "actor05");
    assert_string_equal(calm->text, "Kids are talking by the door.");
    assert_int_equal(calm->split, SPLIT_TRAIN);
    assert_int_equal(fearful->split, SPLIT_VALID);
    assert_near(dataset_label(d, calm, 0, TRUTH_MULTIMODAL), EMOTION_NEUTRAL, 0);
    assert_string_equal(d->tasks[2].class_names[(int)dataset_label(d, calm, 2, TRUTH_MULTIMODAL)], "calm");
    assert_near(dataset_label(d, fearful, 1, TRUTH_MULTIMODAL), -1, 0);
    dataset_free(d);
    folder_remove(folder);
    folder_new(folder);
    make_folder(folder, "wav");
    write_text(folder, "wav/03a01Fa.wav", "x");
    write_text(folder, "wav/15a01La.wav", "x"); /* boredom is none of the seven */
    write_text(folder, "wav/16a01Wa.wav", "x");
    read_set(folder, "emodb", NULL, &d);
    assert_int_equal(d->count, 2);
    assert_near(dataset_label(d, find_item(d, "03a01Fa"), 0, TRUTH_MULTIMODAL), EMOTION_JOY, 0);
    assert_int_equal(find_item(d, "16a01Wa")->split, SPLIT_TEST);
    dataset_free(d);
    write_text(folder, "clips.csv", "id,media,split,speaker,emotion\na,wav/gone.wav,train,s,anger\n");
    expect_refused(folder, "emodb", NULL, "gone.wav");
    folder_remove(folder);
}

static void faces(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    write_text(folder, "a.jpg", "x");
    write_text(folder, "b.jpg", "x");
    write_text(folder, "c.jpg", "x");
    write_text(folder, "pictures.csv",
        "media,split,fer2013,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,nf\n"
        "a.jpg,train,angry,2,0,0,1,6,0,0,1,0,0\nb.jpg,train,fear,,,,,,,,,,\nc.jpg,valid,happy,1,1,1,0,0,0,0,0,7,0\n");
    read_set(folder, "faces", "emotion,sentiment", &d);
    const float *v = label_values(find_item(d, "a.jpg"), 0, TRUTH_MULTIMODAL);
    assert_near(v[EMOTION_NEUTRAL], 0.25, 1e-6);
    assert_near(v[EMOTION_ANGER], 0.75, 1e-6);
    assert_near(v[EMOTION_SADNESS], 0, 0); /* a single vote */
    assert_near(dataset_label(d, find_item(d, "a.jpg"), 1, TRUTH_MULTIMODAL), -0.75, 1e-6);
    assert_near(dataset_label(d, find_item(d, "b.jpg"), 0, TRUTH_MULTIMODAL), EMOTION_FEAR, 0);
    assert_near(
        dataset_label(d, find_item(d, "c.jpg"), 0, TRUTH_MULTIMODAL), EMOTION_JOY, 0); /* FER2013's: unknown to most */
    dataset_free(d);
    folder_remove(folder);
}

/* Pictures by class: with folders of splits, and without. */
static void folders(void **state)
{
    (void)state;
    char folder[256], path[512];
    dataset *d = NULL;
    folder_new(folder);
    make_folder(folder, "train/happy");
    make_folder(folder, "train/sad");
    make_folder(folder, "val/sad");
    make_folder(folder, "Test/happy");
    write_text(folder, "train/happy/a.png", "x");
    write_text(folder, "train/happy/notes.txt", "x"); /* left out */
    write_text(folder, "train/sad/b.WAV", "x");
    write_text(folder, "val/sad/a.png", "x");
    write_text(folder, "Test/happy/c.jpg", "x");
    read_set(folder, "folder", NULL, &d);
    assert_int_equal(d->count, 4);
    assert_string_equal(d->tasks[0].name, "class");
    assert_int_equal(find_item(d, "train/sad/b.WAV")->split, SPLIT_TRAIN);
    assert_near(dataset_label(d, find_item(d, "train/sad/b.WAV"), 0, TRUTH_MULTIMODAL), 1, 0);
    assert_int_equal(find_item(d, "val/sad/a.png")->split, SPLIT_VALID);
    assert_int_equal(find_item(d, "Test/happy/c.jpg")->split, SPLIT_TEST);
    dataset_free(d);
    read_set(folder, "folder", "mood", &d);
    assert_string_equal(d->tasks[0].name, "mood");
    dataset_free(d);
    make_folder(folder, "angry");
    expect_refused(folder, "folder", NULL, "a folder angry, which is not");
    expect_refused(file_in(folder, "train/sad/b.WAV", path), "folder", NULL, "is a file");
    folder_remove(folder);
    folder_new(folder);
    expect_refused(folder, "folder", NULL, "no picture or recording");
    make_folder(folder, "up");
    make_folder(folder, "down");
    for (int i = 0; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%d.mp4", i % 2 ? "up" : "down", i);
        write_text(folder, name, "x");
    }
    read_set(folder, "folder", NULL, &d);
    assert_int_equal(d->count, 200);
    assert_in_range(dataset_split_count(d, SPLIT_VALID), 8, 36);
    assert_in_range(dataset_split_count(d, SPLIT_TEST), 8, 36);
    dataset_free(d);
    folder_remove(folder);
}

static void cremad(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode,M_anger,M_disgust,M_fear,M_happy,M_neutral,M_sad,"
        "A_anger,A_disgust,A_fear,A_happy,A_neutral,A_sad,V_anger,V_disgust,V_fear,V_happy,V_neutral,V_sad\n"
        "1001,X,So.,-0.5,,-0.25,,Negative,train,4,0,0,0,4,0,1,0,0,0,3,0,,,,,,\n");
    read_set(folder, "cremad", "sentiment,emotion", &d);
    const dataset_item *item = find_item(d, "1001$_$X");
    assert_near(dataset_label(d, item, 0, TRUTH_AUDIO), -0.25, 1e-6);
    assert_true(isnan(dataset_label(d, item, 0, TRUTH_VISION)));
    assert_near(label_values(item, 1, TRUTH_MULTIMODAL)[EMOTION_ANGER], 0.5, 1e-6);
    assert_near(label_values(item, 1, TRUTH_AUDIO)[EMOTION_NEUTRAL], 0.75, 1e-6);
    assert_null(dataset_target_of(item, 1)->values[TRUTH_VISION]);
    dataset_free(d);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,label_A,mode\n1001,X,So.,-0.5,1.5,train\n1001,Y,So.,0.5,,later\n1001,Z,So.,0.5,,train\n");
    expect_refused(folder, "cremad", NULL, "line 2: label_A: 1.5 lies outside of -1 to 1");
    dataset_options options = {.path = folder, .layout = "cremad", .skip_bad = true};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(d->count, 1);
    assert_int_equal(d->loss_count, 2);
    assert_non_null(strstr(d->losses[1].message, "line 3: its mode is 'later'"));
    dataset_free(d);
    folder_remove(folder);
}

static void iemocap(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    folder_new(folder);
    make_folder(folder, "Session1/dialog/EmoEvaluation");
    make_folder(folder, "Session1/dialog/transcriptions");
    make_folder(folder, "Session1/dialog/avi/DivX");
    make_folder(folder, "Session5/dialog/EmoEvaluation");
    make_folder(folder, "Session5/sentences/wav/Ses05F_impro01");
    write_text(folder, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
        "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        "[8.5000 - 9.2000]\tSes01F_impro01_M000\texc\t[2.5000, 2.5000, 2.5000]\nC-E1:\tNeutral;\t()\n\n"
        "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "[10.0 - 11.0]\tSes01F_impro01_F001\txxx\t[2.5000, 2.5000, 2.5000]\n");
    write_text(folder, "Session1/dialog/EmoEvaluation/._Ses01F_impro01.txt", "junk");
    write_text(folder, "Session1/dialog/transcriptions/Ses01F_impro01.txt",
        "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\nSes01F_impro01_M000 [008.5000-009.2000]: Yes?\n");
    write_text(folder, "Session1/dialog/avi/DivX/Ses01F_impro01.avi", "x");
    write_text(folder, "Session5/dialog/EmoEvaluation/Ses05F_impro01.txt",
        "[1.0 - 2.0]\tSes05F_impro01_M000\tfru\t[2.5000, 2.5000, 2.5000]\n");
    write_text(folder, "Session5/sentences/wav/Ses05F_impro01/Ses05F_impro01_M000.wav", "x");
    read_set(folder, "iemocap6", NULL, &d);
    assert_int_equal(d->count, 3);
    const dataset_item *first = find_item(d, "Ses01F_impro01_F000"), *second = find_item(d, "Ses01F_impro01_M000");
    assert_near(first->start, 6.2901, 1e-9);
    assert_near(first->end, 8.2357, 1e-9);
    assert_string_equal(first->text, "Excuse me.");
    assert_string_equal(first->speaker, "Ses01F");
    assert_string_equal(first->extra[dataset_extra(d, first, "half")], "left");
    assert_int_equal(first->half, PICTURE_LEFT);
    assert_string_equal(second->extra[0], "right");
    assert_int_equal(second->context_count, 1);
    assert_string_equal(second->context[0], "F: Excuse me.");
    assert_string_equal(d->tasks[0].class_names[(int)dataset_label(d, second, 0, TRUTH_MULTIMODAL)], "excited");
    const dataset_item *last = find_item(d, "Ses05F_impro01_M000");
    assert_int_equal(last->split, SPLIT_TEST);
    assert_non_null(strstr(last->media, "Ses05F_impro01_M000.wav"));
    assert_near(last->end, 0, 0); /* its own file, whole */
    dataset_free(d);
    read_set(folder, "iemocap4-1", NULL, &d); /* excited counts as happy, frustrated is none of the four */
    assert_int_equal(d->count, 2);
    assert_int_equal(dataset_split_count(d, SPLIT_TEST), 2);
    assert_string_equal(
        d->tasks[0].class_names[(int)dataset_label(d, find_item(d, "Ses01F_impro01_M000"), 0, TRUTH_MULTIMODAL)],
        "happy");
    dataset_free(d);
    write_text(folder, "Session5/dialog/EmoEvaluation/Ses05F_impro01.txt",
        "[1.0 - 2.0]\tSes05F_impro01_M000\trage\t[2.5000, 2.5000, 2.5000]\n");
    expect_refused(
        folder, "iemocap4", NULL, "turn Ses05F_impro01_M000 has an emotion that is not one of IEMOCAP's codes");
    write_text(folder, "Session5/dialog/EmoEvaluation/Ses05F_impro01.txt",
        "[1.0 - 2.0]\tSes05F_impro01_M000\tneu\t[]\n[1.0 - 2.0]\tSes05F_impro01_M000\tsad\t[]\n");
    expect_refused(folder, "iemocap4", NULL, "turn Ses05F_impro01_M000 is in the data twice");
    folder_remove(folder);
    folder_new(folder);
    expect_refused(folder, "iemocap4", NULL, "EmoEvaluation");
    folder_remove(folder);
}

/* Data that are read for a model give the tasks that it predicts, whatever the layout's default is. */
static void tasks_of_a_model(void **state)
{
    (void)state;
    char folder[256];
    dataset *d = NULL;
    task_description model;
    folder_new(folder);
    write_text(folder, "comments.csv", "id,split,text,emotions\na,train,Nice,joy\nb,valid,Hm,anger\n");
    assert_ok(task_with_classes(&model, "goemotions", "", 2, (const char *const[]){"joy", "anger"}, error));
    dataset_options options = {.path = folder, .layout = "goemotions", .wanted = &model, .wanted_count = 1};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_int_equal(d->task_count, 1);
    assert_string_equal(d->tasks[0].name, "goemotions");
    dataset_free(d);
    snprintf(model.name, sizeof model.name, "mood"); /* none of them: the defaults, for a message */
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_string_equal(d->tasks[0].name, "emotion");
    dataset_free(d);
    folder_remove(folder);
}

/* MMSA's pickles, protocols 2 to 5: two clips; audio (2, 3, 2) of lengths 3 and 2, vision (2, 3) in column order. */
static void mmsa_pickles(void **state)
{
    (void)state;
    for (int protocol = 2; protocol <= 5; protocol++) {
        char path[512];
        dataset *d = NULL;
        snprintf(path, sizeof path, "%s/tests/golden/weights/features.protocol%d.pkl", SMAC_SOURCE_DIR, protocol);
        read_set(path, "mosi", NULL, &d);
        assert_int_equal(d->count, 2);
        const dataset_item *second = find_item(d, "v$_$2");
        assert_string_equal(second->text, "not \xc3\xa9");
        assert_string_equal(second->video_id, "v");
        assert_near(dataset_label(d, second, 0, TRUTH_MULTIMODAL), 0.5, 0);
        const feature_sequence *audio = &second->features[MODALITY_AUDIO], *vision = &second->features[MODALITY_VISION];
        assert_int_equal(audio->steps, 2);
        assert_int_equal(audio->width, 2);
        assert_near(audio->data[0], 6, 0);
        assert_near(audio->data[3], 9, 0);
        assert_int_equal(vision->steps, 1);
        assert_int_equal(vision->width, 3);
        assert_near(vision->data[2], 5, 0);
        dataset_free(d);
    }
    char folder[256], path[512];
    folder_new(folder);
    write_text(folder, "label.csv",
        "video_id,clip_id,text,label,annotation,mode\nv,2,so,1,Positive,train\nw,9,no,0,Neutral,valid\n");
    snprintf(path, sizeof path, "%s/tests/golden/weights/features.protocol4.pkl", SMAC_SOURCE_DIR);
    dataset *d = NULL;
    dataset_options options = {.path = folder, .layout = "mosi", .features = path};
    assert_ok(dataset_read(&options, NULL, &d, error));
    assert_near(find_item(d, "v$_$2")->features[MODALITY_AUDIO].data[0], 6, 0);
    assert_null(find_item(d, "w$_$9")->features[MODALITY_AUDIO].data);
    dataset_free(d);
    write_text(folder, "label.csv", "video_id,clip_id,text,label,annotation,mode\nw,9,no,0,Neutral,valid\n");
    smac_error why = {0};
    assert_int_equal(dataset_read(&options, NULL, &d, &why), SMAC_ERROR_MISMATCH);
    static const char hostile[] = "\x80\x02"
                                  "cos\nsystem\nX\x04\0\0\0true\x85R.";
    file_in(folder, "hostile.pkl", path);
    assert_ok(file_write(path, hostile, sizeof hostile - 1, error));
    expect_refused(path, "mosi", NULL, "os.system");
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(meld), cmocka_unit_test(meld_damaged_clip),
        cmocka_unit_test(urfunny_vectors), cmocka_unit_test(mustard), cmocka_unit_test(urfunny),
        cmocka_unit_test(goemotions), cmocka_unit_test(voices), cmocka_unit_test(faces), cmocka_unit_test(folders),
        cmocka_unit_test(cremad), cmocka_unit_test(iemocap), cmocka_unit_test(mmsa_pickles),
        cmocka_unit_test(tasks_of_a_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
