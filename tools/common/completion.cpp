#include "common/definition.hpp"

namespace terse::tools {
namespace {

std::string function_name(const std::string& program) {
  std::string name = "_" + program;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : separator) + word;
  return out;
}

// What may follow an option that takes a value.
std::string reply_for(const OptionText& option) {
  const auto words = choices_of(option.value);
  if (!words.empty()) return "COMPREPLY=($(compgen -W '" + joined(words, " ") + "' -- \"$word\"))";
  if (option.value == "DIR") return "COMPREPLY=($(compgen -d -- \"$word\"))";
  if (option.value == "FILE" || option.value == "SPEC") return "COMPREPLY=($(compgen -f -- \"$word\"))";
  return "COMPREPLY=()";
}

void value_cases(std::string& out, const Definition& definition) {
  for (const auto& option : definition.options) {
    if (option.positional || option.value.empty()) continue;
    out += "    " + joined(option.names, "|") + ") " + reply_for(option) + "; return ;;\n";
  }
}

std::string option_names(const Definition& definition, bool is_command) {
  std::vector<std::string> names;
  for (const auto& option : definition.options) {
    if (option.positional) continue;
    if (is_command && option.names.front() == "-h") continue;  // the program's own
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return joined(names, " ");
}

}  // namespace

std::string bash_completion(const Definition& definition) {
  check_documented(definition);
  const std::string function = function_name(definition.name);
  std::string out = "# bash completion for " + definition.name + ", generated from its command line\n";
  out += function + "() {\n";
  out +=
      "  local IFS=$' \\t\\n' word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= "
      "i\n";
  std::vector<std::string> commands;
  for (const auto& command : definition.commands) commands.push_back(command.name);
  if (!commands.empty()) {
    out += "  for ((i = 1; i < COMP_CWORD; ++i)); do\n";
    out += "    case ${COMP_WORDS[i]} in " + joined(commands, "|") + ") command=${COMP_WORDS[i]}; break ;; esac\n";
    out += "  done\n";
  }
  out += "  case $command:$previous in\n";
  for (const auto& command : definition.commands) {
    for (const auto& option : command.options) {
      if (option.positional || option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const auto& name : option.names) patterns.push_back(command.name + ":" + name);
      out += "    " + joined(patterns, "|") + ") " + reply_for(option) + "; return ;;\n";
    }
  }
  out += "  esac\n  case $previous in\n";
  value_cases(out, definition);
  out += "  esac\n";
  out += "  local options='" + option_names(definition, false) + "'\n";
  if (!commands.empty()) {
    out += "  case $command in\n";
    for (const auto& command : definition.commands) {
      out += "    " + command.name + ") options+=' " + option_names(command, true) + "' ;;\n";
    }
    out += "  esac\n";
  }
  out += "  if [[ $word == -* ]]; then\n    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n";
  if (!commands.empty()) {
    // A program that takes a command line without a command takes files there.
    out += "  elif [[ -z $command ]]; then\n    COMPREPLY=($(compgen -W '" + joined(commands, " ") +
           "' -- \"$word\"))\n    ((${#COMPREPLY[@]})) || COMPREPLY=($(compgen -f -- \"$word\"))\n";
  }
  out += "  else\n    COMPREPLY=($(compgen -f -- \"$word\"))\n  fi\n}\n";
  out += "complete -o filenames -F " + function + " " + definition.name + "\n";
  return out;
}

}  // namespace terse::tools
