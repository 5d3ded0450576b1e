/*
 * Several tasks and datasets in one run, as files of words: heads for all of them, figures for each, resume to the bit,
 * sampling by temperature, evaluation of each dataset by the joint model.
 */
#include "support/folder.h"

#include <jansson.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/text.h"
#include "compute/parallel.h"
#include "train/evaluate.h"
#include "train/trainer_internal.h"

static char folder[256], one[512], two[512], run[512], model[512];

/* Words that make a score and a class; the second set has classes alone, some of them soft by its own label of words. */
static void write_sets(void)
{
    static const char *const words[] = {"awful", "bad", "plain", "good", "wonderful"};
    static const char *const classes[] = {"sad", "sad", "calm", "glad", "glad"};
    text_buffer a = {0}, b = {0};
    random_sequence r = random_start(1, 2);
    text_add(&a, "video_id,clip_id,text,label,mode,emotion\n");
    text_add(&b, "video_id,clip_id,text,label,mode,emotion,emotion_T\n");
    for (int i = 0; i < 72; i++) {
        int kind = (int)random_below(&r, 5);
        const char *mode = i % 6 == 4 ? "valid" : i % 6 == 5 ? "test" : "train";
        text_format(
            &a, "v%d,%d,the film was %s,%g,%s,%s\n", i / 3, i, words[kind], kind / 2.0 - 1, mode, classes[kind]);
        if (i < 24)
            text_format(&b, "w%d,%d,a %s day,0,%s,%s,%s\n", i / 3, i, words[kind], mode, classes[kind],
                i % 2 ? classes[kind] : "");
    }
    write_text(folder, "one.csv", a.data);
    write_text(folder, "two.csv", b.data);
    text_free(&a);
    text_free(&b);
}

static void options_for(train_options *o, const char *out)
{
    static const char *const settings[] = {"model.width=16", "model.heads=2", "model.head_width=8",
        "interaction.queries=2", "interaction.layers=1", "contrast.projection=8", "text.width=16", "text.heads=2",
        "text.hidden=32", "text.layers=1", "text.vocabulary=100", "train.epochs=8", "train.batch=8", "train.rate=0.005",
        "train.seed=3"};
    train_options_default(o);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_ok(run_configuration_assign(&o->configuration, settings[i], error));
    assert_ok(run_settings_add_data(&o->configuration.run, one, "sims", "sentiment", error));
    assert_ok(run_settings_add_data(&o->configuration.run, two, "sims", "emotion", error));
    o->out = out;
}

static json_t *last_epoch(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    assert_ok(file_read(path, 0, &text, &size, error));
    text[size - 1] = 0;
    char *line = strrchr(text, '\n');
    json_t *o = json_loads(line ? line + 1 : text, 0, NULL);
    assert_non_null(o);
    free(text);
    return o;
}

static void both_tasks_are_learned(void **state)
{
    (void)state;
    char path[512], other[512], hash[2][65];
    static train_options o;
    train_result result;
    options_for(&o, run);
    assert_ok(train_run(&o, NULL, &result, error));
    assert_string_equal(result.metric, "mean");
    assert_true(result.best_value > 0.7);
    json_t *epoch = last_epoch(file_in(run, "log.jsonl", path));
    const json_t *valid = json_object_get(epoch, "valid");
    double mae = json_number_value(json_object_get(json_object_get(valid, "sentiment"), "MAE"));
    double f1 = json_number_value(json_object_get(json_object_get(valid, "emotion"), "weighted_F1"));
    assert_near(json_number_value(json_object_get(epoch, "figure")), (1 - mae / 2 + f1) / 2, 1e-6);
    assert_non_null(json_object_get(json_object_get(json_object_get(valid, "emotion"), "datasets"), "sims_2"));
    assert_null(json_object_get(json_object_get(json_object_get(valid, "emotion"), "datasets"), "sims"));
    assert_non_null(json_object_get(json_object_get(epoch, "labels"), "emotion"));
    json_decref(epoch);
    csv_table table;
    assert_ok(csv_read(file_in(run, "labels.csv", path), &table, error));
    assert_true(csv_column(&table, "dataset") == 1 && csv_column(&table, "sentiment.label") == 2);
    assert_true(csv_column(&table, "emotion.text:calm") > 0);
    csv_free(&table);
    /* stopped without a checkpoint within an epoch, and resumed: the same bits */
    options_for(&o, file_in(folder, "parts", other));
    o.stop_after_steps = 17;
    smac_error why = {0};
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_INTERRUPTED);
    o.stop_after_steps = 0;
    o.resume = true;
    assert_ok(train_run(&o, NULL, &result, error));
    assert_ok(sha256_file(file_in(other, "best.safetensors", path), hash[0], error));
    assert_ok(sha256_file(model, hash[1], error));
    assert_string_equal(hash[0], hash[1]);
}

static void each_dataset_is_evaluated(void **state)
{
    (void)state;
    char path[512];
    evaluation *e = NULL;
    static data_settings data[2];
    strcpy(data[0].path, one);
    strcpy(data[0].dataset, "sims");
    strcpy(data[1].path, two);
    strcpy(data[1].dataset, "sims");
    evaluate_options ask = {.model = model, .data = data, .data_count = 2, .split = SPLIT_TEST};
    assert_ok(evaluate_run(&ask, NULL, &e, error));
    assert_int_equal(e->task_count, 2);
    assert_int_equal(e->count, 16);
    assert_int_equal(e->tasks[0].all.count, 16); /* both tables have both columns */
    assert_int_equal(e->tasks[1].sources[1].count, 4);
    assert_ok(evaluation_write_json(e, file_in(folder, "e.json", path), error));
    json_t *json = json_load_file(path, 0, NULL);
    const json_t *tasks = json_object_get(json, "tasks");
    assert_non_null(json_object_get(json_object_get(json_object_get(tasks, "emotion"), "metrics"), "weighted_F1"));
    assert_non_null(json_object_get(json_object_get(json_object_get(tasks, "sentiment"), "datasets"), "sims"));
    assert_null(json_object_get(json, "metrics")); /* which task's? */
    json_decref(json);
    assert_ok(evaluation_write_csv(e, file_in(folder, "p.csv", path), error));
    csv_table table;
    assert_ok(csv_read(path, &table, error));
    assert_int_equal(table.count, 17);
    assert_true(csv_column(&table, "sentiment.prediction") > 0 && csv_column(&table, "emotion.glad") > 0);
    csv_free(&table);
    evaluation_free(e);
    strcpy(data[0].task, "emotion");
    ask.data_count = 1;
    assert_ok(evaluate_run(&ask, NULL, &e, error)); /* one task of two */
    assert_int_equal(e->task_count, 1);
    assert_string_equal(e->tasks[0].task.name, "emotion");
    evaluation_free(e);
}

/* A set whose scores are on another scale is evaluated in its own range. */
static void figures_are_in_the_datas_range(void **state)
{
    (void)state;
    evaluation *e[2] = {NULL};
    static data_settings data;
    static char text[20000];
    char *from = NULL;
    size_t size = 0;
    assert_ok(file_read(one, 0, &from, &size, error)); /* the same labels, three times as large, as mosi has them */
    size_t used = 0;
    for (char *line = strtok(from, "\n"); line; line = strtok(NULL, "\n")) {
        int v, c;
        char words[80], rest[80];
        float label;
        if (sscanf(line, "v%d,%d,%79[^,],%f,%79s", &v, &c, words, &label, rest) == 5)
            used += (size_t)snprintf(
                text + used, sizeof text - used, "v%d,%d,%s,%g,%s\n", v, c, words, 3 * (double)label, rest);
        else
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\n", line);
    }
    free(from);
    write_text(folder, "large.csv", text);
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            strcpy(data.path, one);
        else
            file_in(folder, "large.csv", data.path);
        strcpy(data.dataset, i == 0 ? "sims" : "mosi");
        strcpy(data.task, "sentiment");
        evaluate_options ask = {.model = model, .data = &data, .data_count = 1, .split = SPLIT_TEST};
        assert_ok(evaluate_run(&ask, NULL, &e[i], error));
    }
    assert_near(
        metric_value(&e[1]->tasks[0].all.metrics, "MAE"), 3 * metric_value(&e[0]->tasks[0].all.metrics, "MAE"), 1e-5);
    assert_near(
        metric_value(&e[1]->tasks[0].all.metrics, "Corr"), metric_value(&e[0]->tasks[0].all.metrics, "Corr"), 1e-6);
    assert_true(metric_value(&e[1]->tasks[0].all.metrics, "Mult_acc_7") >= 0);
    for (int i = 0; i < 2; i++) {
        assert_true(e[i]->tasks[0].span == (i == 0 ? 2 : 6));
        evaluation_free(e[i]);
    }
    strcpy(data.range, "3:1");
    evaluation *none = NULL;
    smac_error why = {0};
    evaluate_options ask = {.model = model, .data = &data, .data_count = 1, .split = SPLIT_TEST};
    assert_int_equal(evaluate_run(&ask, NULL, &none, &why), SMAC_ERROR_ARGUMENT);
    strcpy(data.range, "");
    strcpy(data.use, "text,nose");
    assert_int_equal(evaluate_run(&ask, NULL, &none, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "nose"));
}

static void the_user_chooses(void **state)
{
    (void)state;
    char out[512];
    static train_options o;
    train_result result;
    smac_error why = {0};
    options_for(&o, file_in(folder, "chosen", out));
    assert_ok(run_configuration_assign(&o.configuration, "train.choose=emotion@sims_2.accuracy", error));
    assert_ok(run_configuration_assign(&o.configuration, "loss.tasks=sentiment:0.5", error));
    assert_ok(run_configuration_assign(&o.configuration, "train.epochs=2", error));
    assert_ok(train_run(&o, NULL, &result, error));
    assert_string_equal(result.metric, "emotion@sims_2.accuracy");
    static const char *const wrong[][2] = {{"train.choose=accuracy", "TASK.METRIC"},
        {"train.choose=emotion.MAE", "no metric MAE"}, {"train.choose=humor.accuracy", "TASK.METRIC"},
        {"train.choose=emotion@nowhere.accuracy", "sims"}, {"loss.tasks=humor:1", "humor"},
        {"loss.class_weights=emotion humor", "humor"}};
    loss_settings weighed = {.class_weights = "sarcasm, emotion"};
    assert_true(loss_weighs_classes(&weighed, "emotion") && !loss_weighs_classes(&weighed, "emo"));
    strcpy(weighed.class_weights, "true");
    assert_true(loss_weighs_classes(&weighed, "emotion"));
    strcpy(weighed.class_weights, "false");
    assert_false(loss_weighs_classes(&weighed, "emotion"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options_for(&o, file_in(folder, "wrong", out));
        assert_ok(run_configuration_assign(&o.configuration, wrong[i][0], error));
        assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_ARGUMENT);
        if (!strstr(why.message, wrong[i][1]))
            fail_msg("'%s' does not say '%s'", why.message, wrong[i][1]);
    }
}

/* Clips whose words are ready vectors: of `width` values, one of which says the score. */
static void write_vectors(const char *name, int width, int says)
{
    text_buffer b = {0};
    random_sequence r = random_start(5, (uint64_t)width * 10 + (uint64_t)says);
    text_add(&b, "{\"tasks\": {\"sentiment\": {\"range\": [-1, 1], \"protocol\": \"sims\"}}}\n");
    for (int i = 0; i < 36; i++) {
        double score = (double)random_below(&r, 5) / 2 - 1;
        text_format(&b,
            "{\"id\": \"%s%d\", \"split\": \"%s\", \"labels\": {\"sentiment\": %g}, \"features\": {\"text\": [[", name,
            i,
            i % 6 == 4       ? "valid"
                : i % 6 == 5 ? "test"
                             : "train",
            score);
        for (int k = 0; k < width; k++)
            text_format(&b, "%s%g", k ? ", " : "", k == says ? score : 0.1 * (double)random_normal(&r));
        text_add(&b, "]]}}\n");
    }
    write_text(folder, name, b.data);
    text_free(&b);
}

/* Words, vectors of width 3, and two kinds of width 4: each has its projection, and the model finds them again. */
static void forms_of_a_modality(void **state)
{
    (void)state;
    static const struct {
        const char *file, *form;
        int width, says;
    } sets[] = {{"three.jsonl", "", 3, 0}, {"four.jsonl", "", 4, 1}, {"other.jsonl", "other", 4, 3}};
    char path[512], out[512];
    static train_options o;
    train_result result;
    options_for(&o, file_in(folder, "forms", out));
    o.configuration.run.data_count = 1; /* words with scores */
    assert_ok(run_configuration_assign(&o.configuration, "train.epochs=16", error));
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        write_vectors(sets[i].file, sets[i].width, sets[i].says);
        assert_ok(run_settings_add_data(
            &o.configuration.run, file_in(folder, sets[i].file, path), "manifest", "sentiment", error));
        strcpy(o.configuration.run.data[i + 1].form, sets[i].form);
    }
    assert_ok(train_run(&o, NULL, &result, error));
    affect_model *m = NULL;
    char best[512];
    assert_ok(affect_model_load(file_in(out, "best.safetensors", best), NULL, &m, error));
    assert_non_null(m->encoders[MODALITY_TEXT]);
    assert_int_equal(m->vectors[MODALITY_TEXT].count, 3);
    assert_false(m->vectors[MODALITY_TEXT].alone);
    assert_string_equal(m->vectors[MODALITY_TEXT].of[2].name, "other");
    assert_non_null(parameter_find(m->store, "core.text.project_4.weight"));
    affect_model_free(m);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        evaluation *e = NULL;
        static data_settings data;
        memset(&data, 0, sizeof data);
        strcpy(data.path, file_in(folder, sets[i].file, path));
        strcpy(data.dataset, "manifest");
        strcpy(data.form, sets[i].form);
        evaluate_options ask = {.model = best, .data = &data, .data_count = 1, .split = SPLIT_TEST};
        assert_ok(evaluate_run(&ask, NULL, &e, error));
        double corr = metric_value(&e->tasks[0].all.metrics, "Corr");
        evaluation_free(e);
        if (!(corr > 0.7))
            fail_msg("%s: Corr %g", sets[i].file, corr);
        if (i < 2)
            continue;
        strcpy(data.form, "unknown"); /* two kinds have this width */
        smac_error why = {0};
        assert_int_equal(evaluate_run(&ask, NULL, &e, &why), SMAC_ERROR_MISMATCH);
        assert_non_null(strstr(why.message, "form"));
    }
    /* vectors alone: no encoder */
    options_for(&o, file_in(folder, "alone", out));
    o.configuration.run.data_count = 0;
    assert_ok(run_settings_add_data(
        &o.configuration.run, file_in(folder, sets[0].file, path), "manifest", "sentiment", error));
    assert_ok(run_configuration_assign(&o.configuration, "train.epochs=1", error));
    assert_ok(train_run(&o, NULL, &result, error));
    assert_ok(affect_model_load(file_in(out, "best.safetensors", best), NULL, &m, error));
    assert_true(m->vectors[MODALITY_TEXT].alone && !m->encoders[MODALITY_TEXT]);
    affect_model_free(m);
}

/* One modality a clip: words (of the label csv) or vectors as sound, which say the class. */
static void write_sound(const char *name)
{
    static const char *const classes[] = {"sad", "calm", "glad"};
    text_buffer b = {0};
    random_sequence r = random_start(11, 1);
    text_add(&b, "{\"tasks\": {\"emotion\": {\"classes\": [\"sad\", \"calm\", \"glad\"], \"protocol\": \"sims\"}}}\n");
    for (int i = 0; i < 48; i++) {
        int kind = (int)random_below(&r, 3);
        text_format(&b,
            "{\"id\": \"s%d\", \"split\": \"%s\", \"labels\": {\"emotion\": \"%s\"}, \"features\": {\"audio\": [[%d, %d, "
            "%d]]}}\n",
            i,
            i % 6 == 4       ? "valid"
                : i % 6 == 5 ? "test"
                             : "train",
            classes[kind], kind == 0, kind == 1, kind == 2);
    }
    write_text(folder, name, b.data);
    text_free(&b);
}

static void pairs_for(train_options *o, const char *out)
{
    char path[512];
    options_for(o, out);
    assert_ok(run_settings_add_data(
        &o->configuration.run, file_in(folder, "sound.jsonl", path), "manifest", "emotion", error));
    assert_ok(run_configuration_assign(&o->configuration, "train.pairs=0.5", error));
    assert_ok(run_configuration_assign(&o->configuration, "train.epochs=3", error));
}

/* Words are joined with sound of the same class, as often as asked; the same at the same place, on resuming too. */
static void clips_are_joined(void **state)
{
    (void)state;
    char out[512], parts[512], path[512], hash[2][65];
    static train_options o;
    train_result result;
    write_sound("sound.jsonl");
    pairs_for(&o, file_in(folder, "pairs", out));
    assert_ok(train_run(&o, NULL, &result, error));
    pairs_for(&o, file_in(folder, "pairs_parts", parts));
    o.stop_after_steps = 14;
    smac_error why = {0};
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_INTERRUPTED);
    o.stop_after_steps = 0;
    o.resume = true;
    assert_ok(train_run(&o, NULL, &result, error));
    assert_ok(sha256_file(file_in(out, "best.safetensors", path), hash[0], error));
    assert_ok(sha256_file(file_in(parts, "best.safetensors", path), hash[1], error));
    assert_string_equal(hash[0], hash[1]);
    pairs_for(&o, file_in(folder, "pairs_wrong", out));
    assert_ok(run_configuration_assign(&o.configuration, "train.unlike=emotion:furious", error));
    assert_int_equal(train_run(&o, NULL, &result, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "train.unlike"));
}

/* A pair's parts and labels: clips of words and clips of sound, of one class and of opposite ones. */
static void labels_of_pairs(void **state)
{
    (void)state;
    enum { HALF = 30, COUNT = 2 * HALF, CLASSES = 3 };
    static const char *const names[CLASSES] = {"joy", "neutral", "anger"}, *const sarcasm[2] = {"no", "yes"};
    static dataset_item items[COUNT];
    static sample samples[COUNT];
    static float truth[COUNT * CLASSES], second[COUNT * 2], room[2][1 + MODALITIES_AND_SHARED][CLASSES];
    static uint8_t have[COUNT], none[COUNT];
    static run_settings settings;
    int64_t places[COUNT], made = 0, unlike = 0;
    dataset_source source = {.weight = 1};
    dataset d = {.items = items, .count = COUNT, .sources = &source, .source_count = 1};
    sample_cache cache = {.source = &d, .samples = samples};
    static affect_model model = {.has = {true, true, false}};
    task_description tasks[2];
    assert_ok(task_with_classes(&tasks[0], "emotion", "meld", CLASSES, names, error));
    assert_ok(task_with_classes(&tasks[1], "sarcasm", "mustard", 2, sarcasm, error));
    training_task own[2] = {{.task = &tasks[0], .targets = CLASSES, .truth = truth, .have = have},
        {.task = &tasks[1], .targets = 2, .truth = second, .have = none}};
    settings_defaults((settings_view){&run_table, &settings});
    settings.train.pairs = 0.5;
    settings.train.pairs_unlike = 0.5;
    strcpy(settings.train.unlike, "sarcasm:yes");
    training t = {.run = &settings,
        .cache = &cache,
        .model = &model,
        .count = COUNT,
        .items = places,
        .tasks = own,
        .task_count = 2,
        .epoch = 2};
    for (int i = 0; i < COUNT; i++) {
        places[i] = i;
        samples[i].present[i < HALF ? MODALITY_TEXT : MODALITY_AUDIO] = true;
        truth[i * CLASSES + i % CLASSES] = 0.8f;
        truth[i * CLASSES + (i + 1) % CLASSES] = 0.2f;
        have[i] = 1;
    }
    label_bank *bank = NULL;
    label_truth known = {truth, have, NULL};
    label_generation_options how = {.targets = CLASSES,
        .classes = true,
        .rule = LABEL_RULE_FIXED,
        .neighbours = 1,
        .neighbour_fraction = 1,
        .temperature = 1,
        .start_epoch = 1,
        .folds = 2};
    assert_ok(label_bank_new(LABEL_RULE_FIXED, COUNT, 4, &bank, error));
    assert_ok(label_generation_new(&how, bank, &known, &own[0].labels, error));
    assert_ok(clip_pairs_new(&t, &t.pairs, error));
    for (int64_t place = 0; place < 4 * COUNT; place++) {
        int64_t clip = place % COUNT;
        clip_pair pair = clip_pairs_at(&t, place, clip), again = clip_pairs_at(&t, place, clip);
        assert_int_equal(pair.made, again.made);
        if (!pair.made)
            continue;
        assert_memory_equal(pair.part, again.part, sizeof pair.part);
        made++;
        unlike += pair.unlike;
        int64_t words = pair.part[MODALITY_TEXT], sound = pair.part[MODALITY_AUDIO];
        assert_true(words >= 0 && words < HALF && sound >= HALF && (words == clip || sound == clip));
        assert_int_equal(pair.part[MODALITY_VISION], -1);
        sample joined;
        clip_pair_sample(&t, &pair, &joined);
        assert_true(joined.present[MODALITY_TEXT] && joined.present[MODALITY_AUDIO]);
        uint8_t valid[2], fused_only[2];
        for (int k = 0; k < 2; k++) {
            pair_labels row = {.target = room[k][0], .valid = &valid[k], .fused_only = &fused_only[k]};
            for (int m = 0; m < MODALITIES_AND_SHARED; m++)
                row.labels[m] = room[k][1 + m];
            clip_pair_labels(&t, &pair, k, &row);
        }
        assert_true(valid[1] && fused_only[1]);
        assert_near(room[1][0][1], pair.unlike, 0);
        assert_int_equal(valid[0], !pair.unlike);
        if (pair.unlike) { /* joy with anger */
            assert_true(
                (words % CLASSES == 0 && sound % CLASSES == 2) || (words % CLASSES == 2 && sound % CLASSES == 0));
            continue;
        }
        assert_int_equal(words % CLASSES, sound % CLASSES);
        assert_near(room[0][0][words % CLASSES], 0.8, 1e-6);
        assert_memory_equal(room[0][1 + MODALITY_AUDIO], truth + sound * CLASSES, sizeof *room[0]);
        assert_int_equal(fused_only[0], 0);
    }
    assert_true(made > COUNT && made < 3 * COUNT); /* about half of 4 COUNT, neutral ones not unlike */
    assert_true(unlike > made / 5 && unlike < made / 2);
    clip_pairs_free(t.pairs);
    label_generation_free(own[0].labels);
    label_bank_free(bank);
}

/* How often clips of each of two sources (90 and 10) come in an epoch, and over epochs. */
static void clips_are_drawn_by_temperature(void **state)
{
    (void)state;
    enum { FIRST = 90, SECOND = 10, COUNT = FIRST + SECOND, EPOCHS = 10 };
    static dataset_item items[COUNT];
    static sample samples[COUNT];
    static const struct {
        double sampling, weights[2];
        int second; /* clips of the second an epoch */
    } cases[] = {{1, {1, 1}, 10}, {2, {1, 1}, 25}, {100, {1, 1}, 49}, {1, {1, 9}, 50}, {1, {2, 2}, 10}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        dataset_source sources[2] = {{.weight = cases[k].weights[0]}, {.weight = cases[k].weights[1]}};
        dataset d = {.items = items, .count = COUNT, .sources = sources, .source_count = 2};
        sample_cache cache = {.source = &d, .samples = samples};
        int64_t places[COUNT], order[COUNT], seen[COUNT] = {0};
        static run_settings settings;
        settings_defaults((settings_view){&run_table, &settings});
        settings.train.sampling = cases[k].sampling;
        training t = {.run = &settings, .cache = &cache, .count = COUNT, .items = places, .order = order, .batch = 8};
        for (int i = 0; i < COUNT; i++) {
            places[i] = i;
            items[i].source = i >= FIRST;
        }
        for (t.epoch = 1; t.epoch <= EPOCHS; t.epoch++) {
            int second = 0;
            assert_ok(training_make_order(&t, error));
            for (int i = 0; i < COUNT; i++) {
                second += order[i] >= FIRST;
                seen[order[i]]++;
            }
            assert_int_equal(second, cases[k].second);
        }
        for (int from = 0; from < COUNT; from += FIRST) { /* within a source all come alike */
            int to = from ? COUNT : FIRST;
            int64_t least = INT64_MAX, most = 0;
            for (int i = from; i < to; i++) {
                least = seen[i] < least ? seen[i] : least;
                most = seen[i] > most ? seen[i] : most;
            }
            assert_true(most - least <= 1);
        }
    }
}

static int prepare(void **state)
{
    (void)state;
    parallel_set_threads(1);
    folder_new(folder);
    file_in(folder, "one.csv", one);
    file_in(folder, "two.csv", two);
    file_in(folder, "run", run);
    file_in(run, "best.safetensors", model);
    write_sets();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_tasks_are_learned),
        cmocka_unit_test(each_dataset_is_evaluated),
        cmocka_unit_test(figures_are_in_the_datas_range),
        cmocka_unit_test(the_user_chooses),
        cmocka_unit_test(forms_of_a_modality),
        cmocka_unit_test(clips_are_joined),
        cmocka_unit_test(labels_of_pairs),
        cmocka_unit_test(clips_are_drawn_by_temperature),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
