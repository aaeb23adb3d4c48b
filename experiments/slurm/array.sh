#!/usr/bin/env bash
# Runs an experiment as an array of Slurm jobs, one part each. From the root of the project, after
# ./tornado-diffusion devices, which builds the program:
#
#   sbatch --array=1-4 experiments/slurm/array.sh DIR EXPERIMENT [OPTIONS]
#   ./tornado-diffusion experiment merge --out DIR/whole DIR/part-*
#
# for example  sbatch --array=1-4 experiments/slurm/array.sh runs/schedules schedules --seeds 10
#
# Parts lie in DIR/part-I. A job that is stopped or preempted goes on where it was, by Slurm's
# requeueing or when the same array is submitted again.
#SBATCH --job-name=tornado-diffusion
#SBATCH --cpus-per-task=2
#SBATCH --output=slurm-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the time limit, so that what is complete is kept and said.
#SBATCH --signal=B:TERM@120
set -euo pipefail

fail() { # message
  echo "array.sh: $1" >&2
  exit 2
}

[ $# -ge 2 ] || fail "give a directory and an experiment: sbatch --array=1-4 array.sh DIR EXPERIMENT [OPTIONS]"
part=${SLURM_ARRAY_TASK_ID-} parts=${SLURM_ARRAY_TASK_COUNT-}
[ -n "$part" ] && [ -n "$parts" ] || fail "this is a job of an array: submit it with sbatch --array=1-N"
[ "${SLURM_ARRAY_TASK_MIN-}" = 1 ] && [ "${SLURM_ARRAY_TASK_MAX-}" = "$parts" ] ||
  fail "an array counts from 1 without gaps: submit it with sbatch --array=1-N"

directory=$1
shift
cd "${SLURM_SUBMIT_DIR:-.}"
[ -x ./tornado-diffusion ] || fail "$PWD is not the root of the project: submit the job from there"

out=$directory/part-$part
resume=()
[ ! -e "$out/manifest.json" ] || resume=(--resume)

./tornado-diffusion experiment "$@" --shard "$part/$parts" --out "$out" ${resume[@]+"${resume[@]}"} &
program=$!
# A signal reaches this script alone: hand it on and wait for the end that follows.
trap 'kill -TERM "$program"; wait "$program"' TERM
wait "$program"
