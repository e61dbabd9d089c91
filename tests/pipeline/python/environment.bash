# Sourced: use_python sets `python` to an interpreter that has what the scripts beside this need. TERSE_PYTHON names
# one to be taken as it is; otherwise a virtual environment is made once in the user's cache folder. Exits 77 (skipped)
# where there is no Python or the packages cannot be had.
packages=(torch==2.11.0 torchvision==0.26.0 numpy==2.4.6 safetensors==0.8.0)

use_python() {
  if [ -n "${TERSE_PYTHON:-}" ]; then
    python=$TERSE_PYTHON
    return
  fi
  local folder
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/terse/python-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-16)
  python=$folder/bin/python
  if [ ! -e "$folder/complete" ]; then
    rm -rf "$folder"
    if ! python3 -m venv "$folder" ||
      ! "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"; then
      echo "no Python environment with ${packages[*]}: skipped"
      rm -rf "$folder"
      exit 77
    fi
    touch "$folder/complete"
  fi
}
