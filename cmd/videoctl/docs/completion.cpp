#include <array>

#include "deletions/fields.hpp"
#include "docs/generate.hpp"
#include "frame/contexts.hpp"
#include "tasks/fields.hpp"
#include "users/fields.hpp"
#include "videos/fields.hpp"

namespace video::ctl {
namespace {

constexpr std::int64_t mostCandidates = 500;

constexpr std::string_view bashScript = R"sh(# bash completion for videoctl

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
)sh";

constexpr std::string_view zshScript = R"sh(#compdef videoctl

_videoctl() {
  local line
  local -a found items
  found=("${(@f)$(videoctl __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${found[@]}"; do
    case $line in
      :file) _files; return ;;
      :folder) _files -/; return ;;
      *$'\t'*) items+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      ?*) items+=("${line//:/\\:}") ;;
    esac
  done
  (( $#items )) && _describe -V videoctl items
}

if [[ $funcstack[1] == _videoctl ]]; then
  _videoctl "$@"
else
  compdef _videoctl videoctl
fi
)sh";

constexpr std::string_view fishScript = R"sh(# fish completion for videoctl

function __videoctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (videoctl __complete $words[2..] 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path (commandline -ct)
            case :folder
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end

complete -c videoctl -f -a '(__videoctl_complete)'
)sh";

struct Candidate {
  std::string word;
  std::string what;
};
using Candidates = std::vector<Candidate>;

// The kind of value that an argument takes, spelled like the type name of an option.
std::string kindOfArgument(const CLI::App& command, const CLI::Option& argument) {
  const std::string noun = command.get_parent() == nullptr ? "" : command.get_parent()->get_name();
  const std::string name = argument.get_name(true);
  if (name == "NAME" && (noun == "user" || noun == "session") && command.get_name() != "add") return "USER";
  if (name == "NAME" && (noun == "task" || noun == "context") && command.get_name() != "add")
    return noun == "task" ? "TASK" : "CONTEXT";
  if (name == "VIDEO" && noun == "queue") return "DELETED";
  if (name == "ID" && noun == "subtitle") return "VIDEO";
  if (name == "ID" && noun == "video") return command.get_name() == "restore" ? "DELETED" : "VIDEO";
  return name;
}

// The words that are meant as they are; those in capitals stand for others.
Candidates choices(std::string_view words) {
  Candidates found;
  for (std::size_t start = 0; start <= words.size();) {
    const std::size_t bar = std::min(words.find('|', start), words.size());
    const std::string word(words.substr(start, bar - start));
    if (!word.empty() && (word[0] < 'A' || word[0] > 'Z')) found.push_back({word, {}});
    start = bar + 1;
  }
  return found;
}

Candidates namesOf(Caller& caller, std::string_view kind) {
  Candidates found;
  if (kind == "USER") {
    ListQuery query;
    query.limit = mostCandidates;
    for (const User& user : caller.toolkit().users().list(caller.by(), query).items)
      found.push_back({user.name, std::string(nameOf(user.role))});
  } else if (kind == "VIDEO") {
    VideoQuery query;
    query.limit = mostCandidates;
    for (const Video& video : caller.toolkit().videos().list(caller.by(), query).items)
      found.push_back({video.id.text, video.name});
  } else if (kind == "DELETED") {
    VideoQuery query;
    query.limit = mostCandidates;
    query.state = VideoState::deleted;
    for (const Video& video : caller.toolkit().videos().list(caller.by(), query).items)
      found.push_back({video.id.text, video.name});
  } else if (kind == "TASK") {
    for (const TaskStatus& task : caller.toolkit().tasks().list(caller.by(), {}).items)
      found.push_back({task.name, std::string(nameOf(task.state))});
  } else if (kind == "CONTEXT") {
    for (const Context& context : loadContexts(contextsPath()).all) found.push_back({context.name, context.server});
    found.push_back({"local", "this machine"});
  }
  return found;
}

// Whether a shell takes a word for nothing but a word: a server sends some of them.
bool isSafeWord(const std::string& word) {
  return harmless(word) == word && word.find_first_of(" $`\"'\\;&|<>(){}[]*?!#~^") == std::string::npos;
}

Candidates valuesOf(Caller& caller, const Commands& commands, const std::string& kind) {
  if (kind == "FILE") return {{":file", {}}};
  if (kind == "DIR") return {{":folder", {}}};
  if (kind == "SHELL") return choices("bash|zsh|fish");
  if (kind == "TIME") return {{"today", "since midnight"}, {"yesterday", {}}, {"7d", "a week ago"}};
  if (kind == "TOPIC") {
    Candidates found = choices(topics);
    for (const CLI::App* noun : visible(commands.app())) found.push_back({noun->get_name(), noun->get_description()});
    return found;
  }
  if (kind.find('|') != std::string::npos) return choices(kind);
  return namesOf(caller, kind);
}

// The kind of value that an option takes.
std::string kindOfOption(const CLI::Option& option) {
  return option.get_name() == "--context" ? "CONTEXT" : option.get_type_name();
}

// The columns that a list of columns can go on with.
Candidates columnsAfter(const Commands& commands, const CLI::App& command, std::string_view given) {
  const std::size_t comma = given.rfind(',');
  const std::string before(comma == std::string_view::npos ? std::string_view() : given.substr(0, comma + 1));
  Candidates found;
  for (const std::string_view name : commands.columnsOf(command))
    if ((',' + before).find(fmt::format(",{},", name)) == std::string::npos)
      found.push_back({before + std::string(name), {}});
  return found;
}

CLI::Option* findOption(CLI::App& command, const CLI::App& root, std::string_view name) {
  CLI::Option* option = command.get_option_no_throw(std::string(name));
  return option != nullptr ? option : const_cast<CLI::App&>(root).get_option_no_throw(std::string(name));
}

// The state of a command line before its last word.
struct Place {
  CLI::App* command = nullptr;
  CLI::Option* waiting = nullptr;  // the option whose value comes next
  std::size_t arguments = 0;
  bool onlyArguments = false;  // after --
};

// Applies a global flag: names are completed from the server or data directory that it selects.
void give(CLI::Option* option, const CLI::App& root, const std::string& value) {
  if (root.get_option_no_throw(option->get_name()) != option) return;
  option->add_result(value);
  option->run_callback();
}

// The noun or verb of this name; null if there is none.
CLI::App* below(const CLI::App& command, std::string_view name) {
  for (CLI::App* one : visible(command))
    if (one->get_name() == name) return one;
  return nullptr;
}

Place placeOf(CLI::App& root, const std::vector<std::string>& words) {
  Place at{&root};
  for (const std::string& word : words) {
    if (at.waiting != nullptr) {
      if (word == "=") continue;  // bash splits words there
      give(std::exchange(at.waiting, nullptr), root, word);
    } else if (!at.onlyArguments && word == "--") {
      at.onlyArguments = true;
    } else if (!at.onlyArguments && word.size() > 1 && word[0] == '-') {
      const std::size_t equals = word.find('=');
      CLI::Option* option = findOption(*at.command, root, word.substr(0, equals));
      if (option == nullptr || option->get_name() == "--help") continue;
      if (!takesValue(*option))
        give(option, root, "true");
      else if (equals == std::string::npos)
        at.waiting = option;
      else
        give(option, root, word.substr(equals + 1));
    } else if (CLI::App* next = at.arguments == 0 ? below(*at.command, word) : nullptr) {
      at.command = next;
    } else {
      ++at.arguments;
    }
  }
  return at;
}

Candidates optionsAt(const Place& at, const CLI::App& root) {
  Candidates found;
  const auto add = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      const bool known =
          std::any_of(found.begin(), found.end(), [&](const Candidate& one) { return one.word == option->get_name(); });
      if (!option->get_positional() && !known) found.push_back({option->get_name(), option->get_description()});
    }
  };
  add(*at.command);
  if (at.command != &root) add(root);
  return found;
}

Candidates argumentsAt(const Place& at, Caller& caller, const Commands& commands) {
  if (at.arguments == 0 && !visible(*at.command).empty()) {
    Candidates found;
    for (const CLI::App* next : visible(*at.command)) found.push_back({next->get_name(), next->get_description()});
    return found;
  }
  std::vector<const CLI::Option*> arguments;
  for (const CLI::Option* option : at.command->get_options())
    if (option->get_positional()) arguments.push_back(option);
  if (arguments.empty()) return {};
  const CLI::Option& last = *arguments.back();
  if (at.arguments >= arguments.size() && last.get_expected_max() <= 1) return {};
  const CLI::Option& wanted = *arguments[std::min(at.arguments, arguments.size() - 1)];
  return valuesOf(caller, commands, kindOfArgument(*at.command, wanted));
}

}  // namespace

std::string_view completionScript(std::string_view shell) {
  return shell == "bash" ? bashScript : shell == "zsh" ? zshScript : shell == "fish" ? fishScript : "";
}

int complete(Caller& caller, const Commands& commands, std::vector<std::string> words) {
  try {
    std::string last;
    if (!words.empty()) {
      last = words.back();
      words.pop_back();
    }
    CLI::App& root = commands.app();
    const Place at = placeOf(root, words);
    if (last == "=" && at.waiting != nullptr) last.clear();
    Candidates found;
    std::string before;  // `--user=`
    const std::size_t equals = last.find('=');
    const auto valuesFor = [&](const CLI::Option& option, std::string_view given) {
      return option.get_name() == "--columns" ? columnsAfter(commands, *at.command, given)
                                              : valuesOf(caller, commands, kindOfOption(option));
    };
    if (at.waiting != nullptr) {
      found = valuesFor(*at.waiting, last);
    } else if (!at.onlyArguments && last.starts_with('-') && equals != std::string::npos) {
      before = last.substr(0, equals + 1);
      if (const CLI::Option* option = findOption(*at.command, root, last.substr(0, equals)))
        found = valuesFor(*option, std::string_view(last).substr(equals + 1));
    } else if (!at.onlyArguments && last.starts_with('-')) {
      found = optionsAt(at, root);
    } else {
      found = argumentsAt(at, caller, commands);
    }
    for (const Candidate& one : found) {
      const std::string word = before + one.word;
      const bool forShell = one.word.starts_with(':');
      if (!forShell && (!word.starts_with(last) || !isSafeWord(one.word))) continue;
      const std::string what = harmless(one.what);
      caller.out.text((forShell ? one.word : word) + (what.empty() ? "" : '\t' + what) + '\n');
    }
  } catch (const std::exception&) {
    // A completion cannot report errors.
  }
  return 0;
}

}  // namespace video::ctl
