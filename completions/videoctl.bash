# bash completion for videoctl

_videoctl() {
  local line
  local -a found=()
  mapfile -t found < <(videoctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "${found[@]}"; do
    case $line in
      :file) compopt -o default && return ;;
      :folder) compopt -o dirnames && return ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done
  # Show descriptions only when bash lists candidates (COMP_TYPE 63, the second TAB): otherwise it would insert them.
  if [[ $COMP_TYPE == 63 && ${#COMPREPLY[@]} -gt 1 ]]; then
    COMPREPLY=("${COMPREPLY[@]/$'\t'/  }")
  else
    COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
  fi
}
complete -F _videoctl videoctl
