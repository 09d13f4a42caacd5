#!/bin/bash
# A Ray cluster on the nodes of a Slurm job, and the driver on the first of them.
#SBATCH --job-name=catalog
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gres=gpu:2
#SBATCH --time=08:00:00
set -euo pipefail

# The catalog needs a local disk: take it to the first node, and bring it back at the end.
cp -r "$PROJECT/catalog" "$TMPDIR/catalog"
trap 'ray stop; cp -r "$TMPDIR/catalog" "$PROJECT/catalog-$SLURM_JOB_ID"' EXIT
export CATALOG_HOME="$TMPDIR/catalog" CATALOG_ENGINE=ray OMP_NUM_THREADS=1

head=$(hostname --ip-address | cut -d " " -f 1)
ray start --head --node-ip-address="$head" --port=6379 --num-cpus=16 --num-gpus=2
srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$(hostname)" \
    ray start --address="$head:6379" --num-cpus=16 --num-gpus=2 --block &
export RAY_ADDRESS="$head:6379"

catalog embed alpaca --gpus-per-worker 1
catalog losses train alpaca --proxy EleutherAI/pythia-410m --keep-checkpoints --gpus-per-worker 1
