#!/bin/sh
# One task of an array: its range of the shards of a map. CONFIG, MAP, STORE, SHARDS and TASKS come from the job; which task
# this is says the service (AWS Batch), or TASK.
set -eu
task=${AWS_BATCH_JOB_ARRAY_INDEX:-${TASK:?which task is it, from 0 on}}
from=$((task * SHARDS / TASKS))
to=$(((task + 1) * SHARDS / TASKS))
# More tasks than shards: nothing to do.
[ "$from" -lt "$to" ] || exit 0
exec icefold run "$CONFIG" --plan "$MAP" --store "$STORE" --shards "$from..$to" --resume --memory "${MEMORY:-1GiB}"
