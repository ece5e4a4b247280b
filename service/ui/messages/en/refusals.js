/**
 * What the service refuses, by the code of its problem: what is wrong, and what helps.
 *
 * A key with `.figures` is used where the problem names a limit. Codes that nobody meets at a screen, as those
 * of batches, are not here: `refusal.other` stands for them.
 */
export default {
    "refusal.other": "The service refused this (code {code}).",

    // the request itself
    "refusal.invalid_fields": "Something that was entered is not right. Nothing was changed.",
    "refusal.invalid_field": "Correct this: {field}.",
    "refusal.malformed_json":
        "The service could not read the request. Reload the page and try again.",
    "refusal.malformed_if_match":
        "The page does not know which version it shows. Reload it and try again.",
    "refusal.token_missing": "You are not signed in. Sign in and try again.",
    "refusal.token_invalid":
        "You were not let in: the key or the session is unknown, or is no longer good. Sign in anew, with the key copied whole.",
    "refusal.session_over": "You are signed out. Nothing was changed. Sign in again.",
    "refusal.csrf_token_missing":
        "The page is of a session that is over. Nothing was changed. Sign in again.",
    "refusal.token_and_session":
        "Your browser sent two proofs of who you are. Nothing was changed. Reload the page.",
    "refusal.issuer_unavailable":
        "Who you are can't be checked right now. Nothing was changed. Try again in a minute.",
    "refusal.scope_missing":
        "You may not do this. Nothing was changed. Ask who gives access to the service.",
    "refusal.token_restricted":
        "Your access is for some contracts or customers only, and this goes beyond them. Nothing was changed.",
    "refusal.told_by_token": "Your access is for another tenant. Sign in for the tenant you want.",
    "refusal.http_error":
        "The service could not accept the request. Reload the page and try again.",
    "refusal.cut_off": "The connection ended too early. Nothing was changed. Try again.",
    "refusal.foreign_origin":
        "The service accepts no changes from this address. Open the page at its usual address, or ask who runs the service.",
    "refusal.not_found": "There is nothing here. Reload the page.",
    "refusal.method_not_allowed": "The service can't do this. Reload the page and try again.",
    "refusal.request_timeout": "The request came too slowly. Nothing was changed. Try again.",
    "refusal.body_too_large": "This is too much at once. Choose less and try again.",
    "refusal.too_many_values": "This is too much at once. Choose less and try again.",
    "refusal.unknown_host":
        "The service does not know this address. Ask who runs it for the right one.",

    // versions, repetitions, positions
    "refusal.stale_version":
        "Somebody has changed this since you opened it. Nothing was changed. Look at what is new and do it again.",
    "refusal.conflict":
        "Others worked on the same contract at the same moment. Nothing was changed. Try again.",
    "refusal.idempotency_key_reused":
        "This was sent before with other content. Reload the page and do it again.",
    "refusal.position_ahead":
        "The page is ahead of the service, as after a restored backup. Reload the page.",
    "refusal.views_behind":
        "What was done is recorded, but the lists are not up to date yet. Try again in a moment.",
    "refusal.too_many_waiting": "The service is busy. Try again in a moment.",
    "refusal.too_many_connections": "The service is busy. Try again in a moment.",

    // the service's own state
    "refusal.outcome_unknown":
        "It is not known whether this was done: the database did not answer. Reload the page and look before you do it again.",
    "refusal.unavailable":
        "The database can't be used right now. Nothing was changed. Try again later.",
    "refusal.commit_unconfirmed":
        "The database does not confirm what is saved. Tell who runs the service.",
    "refusal.projector_stopped":
        "The lists are no longer kept up to date, so what you see may be old. Tell who runs the service.",
    "refusal.history_too_new": "The service is older than its data. Tell who runs the service.",
    "refusal.history_damaged": "A part of the history can't be read. Tell who runs the service.",
    "refusal.internal": "Something went wrong in the service. Tell who runs it.",
    "refusal.stopping": "The service is about to stop. Try again in a moment.",
    "refusal.too_many_requests": "You ask more often than is allowed. Wait a moment and try again.",
    "refusal.deadline_passed":
        "This took too long. Nothing was changed. Choose less at once, or try again.",
    "refusal.too_many_listeners":
        "Too many pages follow what changes, so this one does not. Reload it to see what is new.",

    // what is not there
    "refusal.contract_not_found":
        "There is no such contract. Correct its id, or put the contract on the books first.",
    "refusal.contract_line_not_found":
        "The contract has no such line. Correct its id, or put the line on the books first.",
    "refusal.milestone_not_found": "There is no such milestone, or it was deleted.",
    "refusal.item_not_found": "There is no such item, or it was deleted with its milestone.",
    "refusal.invoice_not_found": "There is no such invoice, or its draft was deleted.",
    "refusal.approval_not_found":
        "The approval that this is about has not come yet. It goes on by itself when it comes.",
    "refusal.obligation_not_found": "There is no such obligation.",
    "refusal.obligation_closed":
        "Nothing is to be corrected for this obligation any more, so there is nothing to waive.",
    "refusal.parked_event_not_found":
        "This event waits no longer: it was taken in or dismissed in the meantime.",
    "refusal.ambiguous_event_id":
        "Several events of this id wait. Reload the list and choose one there.",
    "refusal.tenant_not_found": "There is no such tenant. Ask who runs the service for its name.",

    // contracts, lines, milestones
    "refusal.currency_fixed":
        "The contract has lines, so its currency can't change. Make another contract for the other currency.",
    "refusal.customer_on_line":
        "The customer is on a line of the contract, so it can't leave the contract. Take it off the line first.",
    "refusal.customer_has_items":
        "The customer has items on this line, so it can't leave the line. Set its share to 0: then it gets no more.",
    "refusal.billing_method_fixed":
        "The line has items, so it can't change between fixed price and time and material. Make another line.",
    "refusal.not_fixed_price":
        "The line is billed by time and material, so it has no milestones. Choose a fixed-price line.",
    "refusal.milestone_in_billing":
        "A part of the milestone is on a draft or posted, so it can't be changed or deleted. Delete the draft first; what is posted stays.",
    "refusal.milestone_completed":
        "Every part of the milestone is posted, so it can't be changed or deleted.",
    "refusal.total_too_large": "A sum would be too large to keep. Look for a wrong amount.",

    // posted events
    "refusal.unknown_event_type":
        "Events of this type are not taken in. Whoever posts them should correct the type.",
    "refusal.event_changed":
        "An event of this id came before, with other content. Each event needs an id of its own.",
    "refusal.approval_changed":
        "The approval was recorded before, with other content or on another line. Other work needs another approval.",
    "refusal.approval_canceled":
        "The approval was recalled before, so there is nothing to correct. Have the work approved again.",
    "refusal.currency":
        "The contract has another currency than the entry. Recall the approval, and have the work approved on the other contract.",
    "refusal.correction_required":
        "It was recorded, but a part is billed and stays billed until its invoice is corrected. Correct the invoice, or waive the obligation.",
    "refusal.fixed_price_line":
        "The line is billed by milestones, so the approval makes no item. If the line is wrong, have the work approved on the right one.",
    "refusal.class_not_included":
        "The line does not include this class of work. If it should, change what the line includes and try again.",
    "refusal.not_available": "The approval says that its work is not billed, so it makes no item.",

    // items of the backlog
    "refusal.items_refused":
        "Some of the items can't be changed, so none was. Leave those out and try again.",
    "refusal.nte_failed":
        "It does not fit under a not-to-exceed limit. Raise the limit or reset another item, then re-evaluate this one.",
    "refusal.nte_failed.figures":
        "It does not fit under the limit of the {level}: {shortfall} is lacking. Raise the limit or reset another item, then re-evaluate this one.",
    "refusal.item_posted": "It is posted with a confirmed invoice.",
    "refusal.item_on_draft":
        "It is on a draft invoice. Take it off the draft or delete the draft first.",
    "refusal.recall_waits":
        "A recall or a correction of this work waits for it, so it goes on no draft. See what is parked in Intake.",
    "refusal.already_ready": "It is ready already.",
    "refusal.already_not_ready": "It is not ready already.",
    "refusal.already_not_evaluated": "It is not evaluated, so there is nothing to reset.",
    "refusal.milestone":
        "It is a part of a milestone, and those have no limit check. It can be marked ready as it is.",
    "refusal.not_chargeable":
        "It is not charged, so no limit is asked. It can be marked ready as it is.",
    "refusal.matching_changed":
        "{found} items match now, where you saw {expected}. Nothing was changed. Look at the list again.",
    "refusal.too_many_items":
        "Too many items match for one step. Nothing was changed. Filter for fewer, by date or contract.",
    "refusal.not_a_mark": "There is nothing to undo here.",
    "refusal.mark_too_old": "Too much has happened since to undo this. Mark the items anew.",
    "refusal.changed_since": "It was changed since, so it stays as it is.",

    // invoices
    "refusal.nothing_ready":
        "No ready item matches, so no draft was made. Mark items ready first, or look at the cutoff date and the filter.",
    "refusal.item_not_ready": "It is not ready. Mark it ready first.",
    "refusal.not_selected":
        "It is ready, but after the cutoff date, or of another line or customer. Choose a later date, or all lines and customers.",
    "refusal.limit_exceeded":
        "With this invoice more would be invoiced than a limit allows, so it stays a draft. Raise the limit, or delete the draft and draft less.",
    "refusal.limit_exceeded.figures": "The limit of the {level} is {limit}: {shortfall} too much.",
    "refusal.invoice_confirmed":
        "The invoice is confirmed, so it can't be changed or deleted. It can be corrected.",
    "refusal.detail_not_found":
        "The invoice no longer has this detail. Reload the page and look again.",
    "refusal.details_refused":
        "Some of the details can't be changed so, so none was. Leave those out or correct them.",
    "refusal.field_not_editable":
        "This can't be edited here: {field}. To bill something else, remove the detail and add another one.",
    "refusal.quantity_zero":
        "The quantity can't be 0. Remove the detail, or make it complimentary or non-chargeable.",
    "refusal.wrong_sign": "The sign has to stay as it was. For a discount, add a detail by hand.",
    "refusal.tax_without_amount":
        "There is tax on an amount of 0, or of the opposite sign. Leave the tax empty: then it follows from the amount.",
    "refusal.negative_quantity":
        "Only a fee may have a negative quantity. Give a discount the class fee.",
    "refusal.customer_not_on_line":
        "The invoice's customer is not on this contract line. Choose another line, or put the customer on it first.",
    "refusal.invoice_empty":
        "The draft has no details, so there is nothing to confirm. Put items on it, or delete it.",
    "refusal.not_approved":
        "The contract asks for an approval of this invoice, and there is none, or the invoice has changed since. Submit it for review first.",
    "refusal.invoice_not_confirmed":
        "Only a confirmed invoice is corrected. This one is a draft: edit it.",
    "refusal.already_corrected":
        "This was corrected in full. What came back stands in the backlog.",
    "refusal.in_correction":
        "It is on another corrective draft that is open. Confirm or delete that one first.",
    "refusal.detail_superseded": "It was corrected before. Correct the newer invoice instead.",
    "refusal.nothing_corrected":
        "Nothing differs from what is billed, so there is nothing to book. Change what stays billed, or delete the correction.",
    "refusal.billing_type_locked":
        "A correction keeps the billing type. To bill it otherwise, credit it whole and draft anew what comes back.",
    "refusal.exceeds_original":
        "More can't stay billed of a milestone than was billed. Enter an amount from 0 to that.",
    "refusal.not_in_review":
        "Nobody has submitted the invoice for review, or it has changed since. Submit it first.",
    "refusal.own_work":
        "The contract asks for four eyes, and you made or changed this invoice, or nobody knows who did. Have somebody else approve it.",
    "refusal.corrective_draft":
        "The draft corrects another invoice, so nothing else can go on it. Use another draft of the customer.",
    "refusal.other_customer":
        "It is billed to another customer than the draft. Use a draft of its customer.",
    "refusal.other_contract":
        "It is of another contract than the draft. Use a draft of its contract.",

    // jobs
    "refusal.job_not_found": "There is no such job.",
    "refusal.job_over": "The job is over, so there is nothing to stop. Its results stay.",
    "refusal.job_too_large": "This is too much for one job. Choose less at a time.",
    "refusal.too_many_jobs": "Too many jobs are under way. Wait until one is over.",
    "refusal.jobs_stopped":
        "Jobs no longer go on, after an error in the service. Tell who runs the service.",
};
