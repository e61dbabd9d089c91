# The Slurm example submits an array of shards and a job that joins them; a stand-in for sbatch runs them at once.
source "$TERSE_SOURCE/tests/cli/common.bash"
relsim-train facts "$TERSE_DATA/kb/nations/train.tsv" --hidden 32 --epochs 1 --start-epochs 2 -q -o 'the nations.facts'
mkdir bin
cat > bin/sbatch << 'SBATCH'
#!/usr/bin/env bash
set -euo pipefail
count=1 command=
while [ $# -gt 0 ]; do
  case $1 in
    --array=1-*) count=${1#--array=1-} ;;
    --cpus-per-task=*) export SLURM_CPUS_PER_TASK=${1#*=} ;;
    --dependency=afterok:4711) [ "$(ls out.similarity.parts | wc -l)" = 3 ] ;;
    --wrap) command=$2; shift ;;
    --parsable | --job-name=* | --partition=long) echo "$1" >> flags ;;
    *) exit 1 ;;
  esac
  shift
done
for ((i = 1; i <= count; ++i)); do SLURM_ARRAY_TASK_ID=$i bash -c "$command"; done
echo '4711;cluster'
SBATCH
chmod +x bin/sbatch
PATH=$PWD/bin:$PATH SBATCH_FLAGS=--partition=long CPUS=2 \
  "$TERSE_SOURCE/pipelines/relsim/slurm_similarity" 'the nations.facts' out.similarity 3 --temperature 2 > jobs
[ "$(grep -c partition=long flags)" = 2 ] || fail "sbatch is not told what to be told"
relsim-score similarity 'the nations.facts' --temperature 2 -q -o one.similarity
cmp one.similarity out.similarity || fail "not what one run writes"
[ ! -e out.similarity.parts ] || fail "parts are left"
expect 66 "$TERSE_SOURCE/pipelines/relsim/slurm_similarity" missing.facts out.similarity
