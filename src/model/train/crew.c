/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/crew.h"

struct job {
    void *context;
    enum err (*work)(void *context, uint32_t begin, uint32_t end);
    uint32_t n, pieces;
    enum err errs[CREW_PIECES];
};

static uint32_t border(const struct job *job, uint32_t piece)
{
    return (uint32_t) ((uint64_t) job->n * piece / job->pieces);
}

static void run_piece(void *context, uint32_t piece)
{
    struct job *job = context;
    job->errs[piece] = job->work(job->context, border(job, piece), border(job, piece + 1));
}

enum err crew_run(const struct crew *crew, uint32_t n, void *context,
                  enum err (*work)(void *context, uint32_t begin, uint32_t end))
{
    struct job job = { .context = context, .work = work, .n = n };
    job.pieces = n < CREW_PIECES ? n : CREW_PIECES;
    if (crew->parallel)
        crew->parallel(crew->self, job.pieces, run_piece, &job);
    else
        for (uint32_t i = 0; i < job.pieces; i++)
            run_piece(&job, i);
    for (uint32_t i = 0; i < job.pieces; i++)
        TRY(job.errs[i]);
    return OK;
}
