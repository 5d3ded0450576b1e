/* train/objective_setup.c - see the header. */
#include "train/objective_setup.h"

#include <math.h>

objective_options objective_options_from(const configuration *c, const task_description *task)
{
    static const objective_inter kinds[] = {[INTER_KERNEL] = OBJECTIVE_INTER_SOFT,
        [INTER_ROUNDED] = OBJECTIVE_INTER_ROUNDED,
        [INTER_RANK] = OBJECTIVE_INTER_RANK};
    double range = task->kind == TASK_REGRESSION ? task->high - task->low : 1;
    return (objective_options){
        .classes = task->kind == TASK_CLASSES,
        .targets = task_targets(task),
        .weight_specific = (float)c->loss.specific,
        .weight_shared = (float)c->loss.shared,
        .weight_intra = (float)c->loss.intra,
        .weight_inter = (float)c->loss.inter,
        .intra = {.tau = (float)c->contrast.tau_intra,
            .centre = c->contrast.centre,
            .cross_negatives = c->contrast.cross_negatives},
        .inter = kinds[c->contrast.inter],
        .tau_inter = (float)c->contrast.tau_inter,
        .tau_rank = (float)c->contrast.tau_rank,
        .sigma = (float)(c->contrast.sigma_fraction * range),
    };
}

label_generation_options label_generation_options_from(
    const configuration *c, const task_description *task, int64_t samples)
{
    label_rule rule = LABEL_RULE_FIXED;
    if (c->labels.scheme == LABELS_SELF_MM)
        rule = LABEL_RULE_SELF_MM;
    else if (c->labels.scheme == LABELS_GENERATED)
        rule = c->labels.predictor == PREDICTOR_HELD_OUT ? LABEL_RULE_HELD_OUT : LABEL_RULE_NEIGHBOURS;
    label_generation_options o = {
        .samples = samples,
        .width = c->model.width,
        .targets = task_targets(task),
        .classes = task->kind == TASK_CLASSES,
        .low = task->low,
        .high = task->high,
        .rule = rule,
        .euclidean = c->labels.similarity == SIMILARITY_EUCLIDEAN,
        .neighbours = c->labels.neighbours,
        .neighbour_fraction = c->labels.neighbour_fraction,
        .temperature = c->labels.temperature,
        .clipwise = c->labels.clipwise,
        .momentum = c->labels.momentum,
        .start_epoch = c->labels.start_epoch,
        .folds = c->labels.folds,
        .ridge = c->labels.ridge,
        .seed = (uint64_t)c->train.seed,
    };
    for (int target = 0; target < MODALITIES_AND_SHARED; target++)
        o.mix[target] = configuration_label_mix(c, target);
    return o;
}

objective_inputs objective_inputs_from(const semanticmac_outputs *out, int task, int64_t batch)
{
    objective_inputs in = {.batch = batch,
        .prediction = out->prediction[task],
        .shared_head = out->shared_head[task],
        .inter = out->inter};
    for (modality u = 0; u < MODALITIES; u++) {
        in.specific_head[u] = out->specific_head[task][u];
        in.intra_specific[u] = out->intra_specific[u];
        in.intra_shared[u] = out->intra_shared[u];
        in.present[u] = out->present[u];
    }
    return in;
}

/* For classes every class's probability is a variable of its own, centred, and all are correlated as one. */
double head_reliability(const task_description *task, int64_t count, const float *head, const float *truth)
{
    int targets = task_targets(task);
    double covariance = 0, head_square = 0, truth_square = 0;
    for (int c = 0; c < targets; c++) {
        double n = 0, x_sum = 0, y_sum = 0, xx = 0, yy = 0, xy = 0;
        for (int64_t i = 0; i < count; i++) {
            double x = head[i * targets + c], y = targets > 1 ? truth[i] == (float)c : truth[i];
            if (!isfinite(x) || !isfinite(truth[i]))
                continue;
            n++, x_sum += x, y_sum += y, xx += x * x, yy += y * y, xy += x * y;
        }
        if (n < 2)
            return 0;
        covariance += xy - x_sum * y_sum / n;
        head_square += xx - x_sum * x_sum / n;
        truth_square += yy - y_sum * y_sum / n;
    }
    double correlation = covariance / sqrt(head_square * truth_square);
    return correlation > 0 ? correlation : 0;
}
