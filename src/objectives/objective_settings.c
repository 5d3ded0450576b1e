/* objectives/objective_settings.c - the keys of label generation, losses and contrasts. */
#include "objectives/objective_settings.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

static const setting labels_keys[] = {
    SETTING_C(labels_settings, scheme, "generated", "generated|self_mm|multimodal|true",
        "what teaches the unimodal and shared heads: generated labels, Self-MM's rule (regression alone), the "
        "multimodal label, or the dataset's own unimodal labels"),
    SETTING_C(labels_settings, predictor, "held_out", "neighbours|held_out",
        "generated labels come from the nearest neighbours' truth, or from a held-out ridge prediction"),
    SETTING_C(labels_settings, similarity, "cosine", "cosine|euclidean",
        "neighbours are ranked by cosine of centred vectors, or by Euclidean distance"),
    SETTING_I(labels_settings, neighbours, "20", 1, 100000, "neighbours k"),
    SETTING_N(labels_settings, neighbour_fraction, "0.1", 0.0001, 1,
        "at most so much of the training samples are neighbours"),
    SETTING_N(labels_settings, temperature, "0.1", 0.0001, 1000, "temperature of the neighbours' softmax"),
    SETTING_N(labels_settings, mix, "0.7", 0, 1, "weight of what the neighbours say against the truth"),
    SETTING_N(labels_settings, mix_text, "-1", -1, 1, "labels.mix for the words alone; -1: as labels.mix"),
    SETTING_N(labels_settings, mix_audio, "-1", -1, 1, "labels.mix for the sound alone; -1: as labels.mix"),
    SETTING_N(labels_settings, mix_vision, "-1", -1, 1, "labels.mix for the frames alone; -1: as labels.mix"),
    SETTING_N(labels_settings, mix_shared, "-1", -1, 1, "labels.mix for the shared vector; -1: as labels.mix"),
    SETTING_S(labels_settings, clipwise, "true",
        "scale the mix by clip: more where the prediction is far from the truth for its accuracy over the set"),
    SETTING_S(labels_settings, reliability, "true",
        "scale a modality's mix by how well its head does on validation, beside the best modality's"),
    SETTING_S(labels_settings, momentum, "true", "average labels over epochs: n/(n+2) old, 2/(n+2) new"),
    SETTING_I(labels_settings, start_epoch, "1", 1, 100000, "labels change from the end of this epoch on"),
    SETTING_I(labels_settings, folds, "5", 2, 1000, "folds of the held-out prediction"),
    SETTING_N(labels_settings, ridge, "0", 0, 1000000,
        "ridge of the held-out prediction, as a share of the bank's mean variance; 0: that of 0.0001 to 10 with the least held-out error"),
};
const settings_section labels_section = {"labels", labels_keys, sizeof labels_keys / sizeof *labels_keys};

static const setting loss_keys[] = {
    SETTING_N(loss_settings, specific, "0.5", 0, 1000, "weight of the unimodal heads' losses"),
    SETTING_N(loss_settings, shared, "0.5", 0, 1000, "weight of the shared head's loss"),
    SETTING_N(loss_settings, intra, "0.1", 0, 1000, "weight of the intra-sample contrast"),
    SETTING_N(loss_settings, inter, "0.1", 0, 1000, "weight of the inter-sample contrast"),
    SETTING_T(loss_settings, class_weights, "false",
        "weigh classes by their inverse frequency: true, false, or the tasks whose classes are weighed, as \"emotion sarcasm\""),
    SETTING_T(
        loss_settings, tasks, "", "weights of tasks, as \"sentiment:1 emotion:0.5\"; a task that is not named has 1"),
};
const settings_section loss_section = {"loss", loss_keys, sizeof loss_keys / sizeof *loss_keys};

static const setting contrast_keys[] = {
    SETTING_N(contrast_settings, tau_intra, "0.5", 0.001, 1000, "temperature of the intra-sample contrast"),
    SETTING_N(contrast_settings, tau_inter, "0.1", 0.001, 1000, "temperature of the inter-sample contrast"),
    SETTING_N(contrast_settings, tau_rank, "2", 0.001, 1000, "temperature of Rank-N-Contrast"),
    SETTING_N(contrast_settings, sigma_fraction, "0.08333333333333333", 0.000001, 10,
        "width of the label kernel as a share of the label range"),
    SETTING_C(contrast_settings, inter, "kernel", "kernel|rounded|rank",
        "which samples belong together: label kernel, equal rounded labels (ConFEDE) or Rank-N-Contrast"),
    SETTING_S(
        contrast_settings, centre, "true", "centre each kind of vector over the batch in the intra-sample contrast"),
    SETTING_S(contrast_settings, cross_negatives, "false",
        "other samples' shared vectors are further negatives of the intra-sample contrast"),
};
const settings_section contrast_section = {"contrast", contrast_keys, sizeof contrast_keys / sizeof *contrast_keys};

double labels_mix(const labels_settings *labels, int target)
{
    const double own[4] = {labels->mix_text, labels->mix_audio, labels->mix_vision, labels->mix_shared};
    return target >= 0 && target < 4 && own[target] >= 0 ? own[target] : labels->mix;
}

bool loss_next_task(const char **at, char name[LOSS_NAME], double *weight, char why[200])
{
    *at += strspn(*at, ", ");
    size_t length = strcspn(*at, ", ");
    why[0] = 0;
    if (length == 0)
        return false;
    snprintf(name, LOSS_NAME, "%.*s", (int)(length < LOSS_NAME ? length : LOSS_NAME - 1), *at);
    *at += length;
    char *colon = strrchr(name, ':');
    if (!colon || colon == name || !number_parse(colon + 1, weight) || !(*weight >= 0 && *weight <= 1000)) {
        snprintf(why, 200, "'%.100s' is not a task with a weight from 0 to 1000, as sentiment:0.5", name);
        return false;
    }
    *colon = 0;
    return true;
}

bool loss_next_weighed(const char **at, char name[LOSS_NAME])
{
    *at += strspn(*at, ", ");
    size_t length = strcspn(*at, ", ");
    snprintf(name, LOSS_NAME, "%.*s", (int)(length < LOSS_NAME ? length : LOSS_NAME - 1), *at);
    *at += length;
    return length > 0;
}

bool loss_weighs_classes(const loss_settings *loss, const char *task)
{
    const char *at = loss->class_weights;
    char name[LOSS_NAME];
    while (loss_next_weighed(&at, name))
        if (strcmp(name, "true") == 0 || strcmp(name, task) == 0)
            return true;
    return false;
}

double loss_task_weight(const loss_settings *loss, const char *task)
{
    const char *at = loss->tasks;
    char name[LOSS_NAME], why[200];
    double weight, found = 1;
    while (loss_next_task(&at, name, &weight, why))
        if (strcmp(name, task) == 0)
            found = weight;
    return found;
}
