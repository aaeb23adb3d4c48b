#!/usr/bin/env bash
# Runs a command on the nodes of a Slurm job, a process for each task. From the root of the project, after
# ./tornado-diffusion devices, which builds the program:
#
#   sbatch --nodes 4 --ntasks-per-node 1 experiments/slurm/run.sh train --out DIR [OPTIONS]
#   sbatch --nodes 4 --ntasks-per-node 1 experiments/slurm/run.sh sample --images DIR --model MODEL [OPTIONS]
#   sbatch --nodes 4 --ntasks-per-node 1 experiments/slurm/run.sh experiment NAME --out DIR [OPTIONS]
#
# A job that reaches its time limit, or is preempted, keeps what is done and goes on when Slurm requeues it
# or the same is submitted again.
#SBATCH --job-name=tornado-diffusion
#SBATCH --output=slurm-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the time limit, to all processes.
#SBATCH --signal=TERM@120
set -euo pipefail

fail() { # message
  echo "run.sh: $1" >&2
  exit 2
}

[ -n "${SLURM_JOB_ID-}" ] || fail "this is a job of Slurm: submit it with sbatch"
cd "${SLURM_SUBMIT_DIR:-.}"
program=${TORNADODIFFUSION_PROGRAM:-./tornado-diffusion}
[ -x "$program" ] || fail "$PWD is not the root of the project: submit the job from there"

command=${1-} option=--out
case $command in
  train | experiment) ;;
  sample) option=--images ;;
  *) fail "give train, sample or experiment and its options" ;;
esac
out=
for ((i = 1; i <= $#; i++)); do
  case ${!i} in
    "$option") i=$((i + 1)) && out=${!i-} ;;
    "$option"=*) out=${!i#*=} ;;
  esac
done
[ -n "$out" ] || fail "give $option DIR, so that the job can go on where it was"
arguments=("$@")
case $command in
  train) [ ! -e "$out/manifest.json" ] || arguments=(train --out "$out" --resume) ;;
  experiment) [ ! -e "$out/manifest.json" ] || arguments+=(--resume) ;;
  sample) [ ! -e "$out/00000.png" ] || arguments+=(--resume) ;;
esac

# What the cluster's MPI speaks: TORNADODIFFUSION_PMI, or the best that srun knows.
pmi=${TORNADODIFFUSION_PMI-}
for kind in pmix pmi2; do
  if [ -z "$pmi" ] && srun --mpi=list 2>&1 | grep -qw "$kind"; then
    pmi=$kind
  fi
done
exec srun ${pmi:+--mpi="$pmi"} --kill-on-bad-exit=1 "$program" "${arguments[@]}"
