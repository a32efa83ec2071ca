/** The scripts that shells read. Each asks `gantry __complete SHELL WORD...`, which answers a candidate a line, and `:files` last where the shell may offer files. */

const BASH = `# bash completion for gantry: source <(gantry completion bash)
_gantry() {
  local answer word files=
  COMPREPLY=()
  while IFS= read -r answer; do
    if [[ $answer == :files ]]; then files=yes; continue; fi
    word=$answer
    [[ $answer == *[!a-zA-Z0-9_.,:=/@+%-]* ]] && printf -v word %q "$answer"
    COMPREPLY+=("$word")
  done < <(gantry __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ $files ]]; then
    word=\${COMP_WORDS[COMP_CWORD]}
    [[ $word == [=:] ]] && word=
    compopt -o filenames 2>/dev/null
    while IFS= read -r answer; do COMPREPLY+=("$answer"); done < <(compgen -f -- "$word")
  fi
  # What ends so goes on: no blank is set behind it.
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=:/] ]]; then compopt -o nospace 2>/dev/null; fi
  return 0
}
complete -F _gantry gantry
`

const ZSH = `#compdef gantry
# zsh completion for gantry: source <(gantry completion zsh)
_gantry() {
  local -a answer
  local files=
  answer=(\${(f)"$(gantry __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ \${answer[-1]} == :files ]]; then files=yes; answer[-1]=(); fi
  compadd -S '' -- \${(M)answer:#*[=:/]}
  compadd -- \${answer:#*[=:/]}
  if [[ -n $files ]]; then
    [[ $PREFIX == -*=* ]] && compset -P '*='
    _files
  fi
}
compdef _gantry gantry
`

const FISH = `# fish completion for gantry: gantry completion fish | source
function __gantry_complete
  set -l words (commandline -opc)
  set -l begun (commandline -ct)
  for answer in (gantry __complete fish $words[2..-1] "$begun" 2>/dev/null)
    if test "$answer" = :files
      set -l flag (string match -r '^-[^=]*=' -- "$begun")
      for file in (__fish_complete_path (string replace -r '^-[^=]*=' '' -- "$begun"))
        echo "$flag$file"
      end
    else
      echo $answer
    end
  end
end
complete -c gantry -f -a '(__gantry_complete)'
`

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
