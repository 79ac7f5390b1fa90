/* The check of a website configuration (recorded: test_validate_website_configuration). */
#include <string.h>

#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/s3_model.h"

static enum outcome check_protocol(struct call *call, const char *protocol)
{
    if (protocol == NULL || text_equal(protocol, "http") || text_equal(protocol, "https"))
        return ANSWERED;
    return fail(call, &s3_invalid_request,
                "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
}

static enum outcome check_rule(struct call *call, const struct value *rule)
{
    const struct value *condition = at(rule, RoutingRule_Condition), *redirect = at(rule, RoutingRule_Redirect);

    if (redirect == NULL)
        return fail_malformed_xml(call);
    if (condition != NULL && at(condition, Condition_KeyPrefixEquals) == NULL &&
        at(condition, Condition_HttpErrorCodeReturnedEquals) == NULL)
        return fail(call, &s3_invalid_request,
                    "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be "
                    "present.");
    if (check_protocol(call, at_text(redirect, Redirect_Protocol)) == FAILED)
        return FAILED;
    if (at(redirect, Redirect_ReplaceKeyPrefixWith) != NULL && at(redirect, Redirect_ReplaceKeyWith) != NULL)
        return fail(call, &s3_invalid_request, "You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    return ANSWERED;
}

enum outcome website_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    const struct value *all = at(document, WebsiteConfiguration_RedirectAllRequestsTo),
                       *index = at(document, WebsiteConfiguration_IndexDocument),
                       *error = at(document, WebsiteConfiguration_ErrorDocument),
                       *rules = at(document, WebsiteConfiguration_RoutingRules);
    (void)bucket;

    if (all != NULL) {
        if (index != NULL || error != NULL || rules != NULL)
            return fail_argument(call, "RedirectAllRequestsTo", "not null",
                                 "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
        return check_protocol(call, at_text(all, RedirectAllRequestsTo_Protocol));
    }
    if (index == NULL)
        return fail_argument(call, "IndexDocument", "null",
                             "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
    const char *suffix = at_text(index, IndexDocument_Suffix);
    if (suffix == NULL || *suffix == '\0' || strchr(suffix, '/') != NULL)
        return fail_argument(call, "IndexDocument", suffix != NULL ? suffix : "", "The IndexDocument Suffix is not well formed");
    if (error != NULL && *at_text(error, ErrorDocument_Key) == '\0')
        return fail_argument(call, "ErrorDocument", "", "The ErrorDocument Key is not well formed");
    for (uint32_t i = 0; rules != NULL && i < rules->size; i++)
        if (check_rule(call, &rules->items[i]) == FAILED)
            return FAILED;
    return ANSWERED;
}
