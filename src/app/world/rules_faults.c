/* SPDX-License-Identifier: Apache-2.0 */
#include "app/world/rules_faults.h"

#include "app/setup/user_locale.h"
#include "base/log.h"
#include "files/rules_dir.h"
#include "rules/diag.h"

static void log_one(struct rules_reading *reading, const struct diag *diag, enum locale locale)
{
    struct str help;
    struct str message = diag_message(diag, locale, reading->arena, &help);
    struct str file =
        diag->file ? diag->file->path.at ? diag->file->path : diag->file->name : STR("-");
    log_line(diag_level(diag->code) == DIAG_ERROR ? LOG_ERROR : LOG_WARNING, "rules",
             "%.*s:%u:%u: %.*s%s%.*s%s%s%.*s", STR_ARG(file), diag->place.line, diag->place.column,
             STR_ARG(message), diag->guess.at ? " -> " : "", STR_ARG(diag->guess),
             diag->guess.at ? "?" : "", help.at ? " · " : "", STR_ARG(help));
}

void rules_faults_log(const char *rules_dir, struct rules_reading *reading)
{
    enum locale locale = user_locale();
    uint32_t total = reading->diags.errors + reading->diags.warnings;
    for (uint32_t i = 0; i < reading->diags.count && i < RULES_FAULTS_LOGGED; i++)
        log_one(reading, &reading->diags.list[i], locale);
    if (total > RULES_FAULTS_LOGGED)
        log_line(LOG_ERROR, "rules", "and %u more: 'offerd check %s' shows all",
                 total - RULES_FAULTS_LOGGED, rules_dir);
}
