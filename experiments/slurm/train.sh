#!/usr/bin/env bash
# Trains on the nodes of a Slurm job, a process for each task. From the root of the project, after
# ./tornado-diffusion devices, which builds the program:
#
#   sbatch --nodes 4 --ntasks-per-node 1 experiments/slurm/train.sh --out DIR [OPTIONS of train]
#
# A job that reaches its time limit, or is preempted, saves a checkpoint and goes on when Slurm requeues it
# or the same is submitted again.
#SBATCH --job-name=tornado-diffusion
#SBATCH --output=slurm-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the time limit, to all processes.
#SBATCH --signal=TERM@120
set -euo pipefail

fail() { # message
  echo "train.sh: $1" >&2
  exit 2
}

[ -n "${SLURM_JOB_ID-}" ] || fail "this is a job of Slurm: submit it with sbatch"
cd "${SLURM_SUBMIT_DIR:-.}"
[ -x ./tornado-diffusion ] || fail "$PWD is not the root of the project: submit the job from there"

out=
for ((i = 1; i <= $#; i++)); do
  case ${!i} in
    --out) i=$((i + 1)) && out=${!i-} ;;
    --out=*) out=${!i#*=} ;;
  esac
done
[ -n "$out" ] || fail "give --out DIR, so that the job can go on where it was"
arguments=("$@")
[ ! -e "$out/manifest.json" ] || arguments=(--out "$out" --resume)

# What the cluster's MPI speaks: TORNADODIFFUSION_PMI, or the best that srun knows.
pmi=${TORNADODIFFUSION_PMI-}
for kind in pmix pmi2; do
  if [ -z "$pmi" ] && srun --mpi=list 2>&1 | grep -qw "$kind"; then
    pmi=$kind
  fi
done
exec srun ${pmi:+--mpi="$pmi"} --kill-on-bad-exit=1 ./tornado-diffusion train "${arguments[@]}"
