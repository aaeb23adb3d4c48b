#!/usr/bin/env bash
# Trains over processes of a real Slurm of one node, and compares with one process: over PMIx and PMI-2, and
# with a job that reaches its time limit and goes on. Slurm and munge are set up in a temporary directory,
# beside whatever else runs here. From the root of the project, as root:
#
#   apt-get install slurm-wlm munge openmpi-bin mpich libpmix-dev
#   experiments/slurm/test.sh
#
# The exit code is 77 where something that it needs is not there.
set -euo pipefail

for program in munged slurmctld slurmd srun sbatch mpirun.openmpi mpirun.mpich; do
  PATH=$PATH:/usr/sbin command -v $program >/dev/null || {
    echo "left out: $program is not installed"
    exit 77
  }
done
[ "$(id -u)" = 0 ] || {
  echo "left out: only root can start Slurm"
  exit 77
}
PATH=$PATH:/usr/sbin
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
test=$(mktemp -d)
processes=()
end() {
  local code=$?
  for ((i = ${#processes[@]} - 1; i >= 0; i--)); do
    kill "${processes[i]}" 2>/dev/null && wait "${processes[i]}" 2>/dev/null || true
  done
  if [ "$code" != 0 ]; then
    tail -n 30 "$test"/*.log >&2 || true
  fi
  rm -rf "$test"
  exit "$code"
}
trap end EXIT
fail() { # message
  echo "failed: $1" >&2
  exit 1
}

# munge refuses directories that others can write to, such as the one for temporary files.
export SLURM_CONF=$test/slurm.conf
mkdir "$test/state" "$test/spool" "$test/lib"
(umask 077 && head -c 128 /dev/urandom >"$test/munge.key")
munged --foreground --force --socket "$test/munge.socket" --key-file "$test/munge.key" \
  --pid-file "$test/munge.pid" --log-file "$test/munged.log" --seed-file "$test/munge.seed" \
  2>/dev/null &
processes+=($!)
host=$(hostname -s)
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$((20000 + RANDOM % 10000))
SlurmdPort=$((30000 + RANDOM % 2000))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$test/munge.socket
StateSaveLocation=$test/state
SlurmdSpoolDir=$test/spool
SlurmctldPidFile=$test/slurmctld.pid
SlurmdPidFile=$test/slurmd.pid
SlurmctldLogFile=$test/slurmctld.log
SlurmdLogFile=$test/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
KillWait=60
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
END
slurmctld -D 2>/dev/null &
processes+=($!)
slurmd -D 2>/dev/null &
processes+=($!)
for ((i = 0; ; i++)); do
  if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then break; fi
  [ $i -lt 60 ] || fail "the node of Slurm does not come up"
  sleep 1
done

program=${TORNADODIFFUSION_PROGRAM:-./tornado-diffusion}
# A rate that does not depend on how long the training is to be.
options=(--batch 8 --seed 1 --samples 0 --shards 2 --threads 1 --lr-schedule constant_with_warmup)
train() { # directory, steps, launcher...
  "${@:3}" "$program" train --out "$1" --steps "$2" "${options[@]}"
}
sum() { # directory
  sha256sum <"$1/unet/diffusion_pytorch_model.safetensors"
}
same() { # directory, directory
  [ "$(sum "$1")" = "$(sum "$2")" ] || fail "$2 is another model than $1"
}

train "$test/one" 4 env
# Debian's Open MPI speaks PMIx, its MPICH PMI-2.
for kind in pmix pmi2; do
  if ! srun --mpi="$kind" true 2>/dev/null; then
    echo "left out: this Slurm cannot start processes over $kind (Debian's needs libpmix-dev for pmix)"
    continue
  fi
  train "$test/$kind" 4 srun --ntasks 2 --overcommit --mpi="$kind"
  same "$test/one" "$test/$kind"
  echo "passed: two processes over $kind"
done

# A job that reaches its time limit. Slurm sends the signal up to a minute early.
cat >"$test/job.sh" <<END
#!/bin/bash
exec experiments/slurm/run.sh train --out "$test/job" --steps 1000000 ${options[*]}
END
sbatch --wait --ntasks 2 --overcommit --time 2 --signal TERM@70 --output "$test/job.log" \
  --export "ALL,TORNADODIFFUSION_PROGRAM=$program" "$test/job.sh" || true
grep -q "^stopped after step " "$test/job.log" || fail "the time limit did not stop the job in order"
checkpoints=("$test"/job/training_state/checkpoint-*)
[ ${#checkpoints[@]} = 1 ] || fail "there are ${#checkpoints[@]} checkpoints and not one"
steps=$((${checkpoints[0]##*-} + 2))
srun --ntasks 2 --overcommit --mpi=pmi2 "$program" train --out "$test/job" --steps $steps --resume
train "$test/whole" $steps env
same "$test/whole" "$test/job"
echo "passed: a job was stopped by its time limit after $((steps - 2)) steps and went on"
