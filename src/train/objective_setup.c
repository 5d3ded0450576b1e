/* train/objective_setup.c - see the header. */
#include "train/objective_setup.h"

#include <math.h>

objective_options objective_options_from(const run_settings *run, const task_description *tasks, int task_count)
{
    static const objective_inter kinds[] = {[INTER_KERNEL] = OBJECTIVE_INTER_SOFT,
        [INTER_ROUNDED] = OBJECTIVE_INTER_ROUNDED,
        [INTER_RANK] = OBJECTIVE_INTER_RANK};
    objective_options o = {
        .task_count = task_count,
        .weight_specific = (float)run->loss.specific,
        .weight_shared = (float)run->loss.shared,
        .weight_intra = (float)run->loss.intra,
        .weight_inter = (float)run->loss.inter,
        .intra = {.tau = (float)run->contrast.tau_intra,
            .centre = run->contrast.centre,
            .cross_negatives = run->contrast.cross_negatives},
        .inter = kinds[run->contrast.inter],
        .tau_inter = (float)run->contrast.tau_inter,
        .tau_rank = (float)run->contrast.tau_rank,
    };
    for (int k = 0; k < task_count; k++) {
        double range = tasks[k].kind == TASK_REGRESSION ? tasks[k].high - tasks[k].low : 1;
        o.tasks[k] = (objective_task){.classes = tasks[k].kind == TASK_CLASSES,
            .targets = task_targets(&tasks[k]),
            .weight = (float)loss_task_weight(&run->loss, tasks[k].name),
            .sigma = (float)(run->contrast.sigma_fraction * range)};
    }
    return o;
}

label_rule label_rule_from(const run_settings *run)
{
    if (run->labels.scheme == LABELS_SELF_MM)
        return LABEL_RULE_SELF_MM;
    if (run->labels.scheme != LABELS_GENERATED)
        return LABEL_RULE_FIXED;
    return run->labels.predictor == PREDICTOR_HELD_OUT ? LABEL_RULE_HELD_OUT : LABEL_RULE_NEIGHBOURS;
}

label_generation_options label_generation_options_from(const run_settings *run, const task_description *task)
{
    label_generation_options o = {
        .targets = task_targets(task),
        .classes = task->kind == TASK_CLASSES,
        .low = task->low,
        .high = task->high,
        .rule = label_rule_from(run),
        .euclidean = run->labels.similarity == SIMILARITY_EUCLIDEAN,
        .neighbours = run->labels.neighbours,
        .neighbour_fraction = run->labels.neighbour_fraction,
        .temperature = run->labels.temperature,
        .clipwise = run->labels.clipwise,
        .momentum = run->labels.momentum,
        .start_epoch = run->labels.start_epoch,
        .folds = run->labels.folds,
        .ridge = run->labels.ridge,
        .seed = (uint64_t)run->train.seed,
    };
    for (int target = 0; target < MODALITIES_AND_SHARED; target++)
        o.mix[target] = labels_mix(&run->labels, target);
    return o;
}

objective_inputs objective_inputs_from(const semanticmac_outputs *out, int task_count, int64_t batch)
{
    objective_inputs in = {.batch = batch, .contrast = {.batch = batch, .inter = out->inter}};
    for (int k = 0; k < task_count; k++) {
        in.tasks[k].prediction = out->prediction[k];
        in.tasks[k].shared_head = out->shared_head[k];
        for (modality u = 0; u < MODALITIES; u++)
            in.tasks[k].specific_head[u] = out->specific_head[k][u];
    }
    for (modality u = 0; u < MODALITIES; u++) {
        in.present[u] = in.contrast.present[u] = out->present[u];
        in.contrast.specific[u] = out->intra_specific[u];
        in.contrast.shared[u] = out->intra_shared[u];
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
