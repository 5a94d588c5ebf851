#include "frame/wrong_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "frame/print.hpp"

namespace video::ctl {
namespace {

// Words and what they may mean here, both separated by `|`. Of several meanings the first counts that there is. In a
// meaning, words in capitals stand for others.
struct Meaning {
  std::string_view words;
  std::string_view meant;
};

constexpr std::array topLevel{
    Meaning{"login|signin|sign-in", "session login"},
    Meaning{"logout|signout|sign-out", "session logout"},
    Meaning{"whoami|who|me|id", "session whoami"},
    Meaning{"quota|quotas", "user set NAME --quota SIZE"},
    Meaning{"du|df|space", "user list"},
    Meaning{"passwd|password", "user passwd"},
    Meaning{"adduser|useradd|register|add|create|new", "user add"},
    Meaning{"deluser|userdel", "user delete"},
    Meaning{"ban|disable", "user disable"},
    Meaning{"mute", "user mute"},
    Meaning{"export", "user export"},
    Meaning{"ls|list|dir", "video list"},
    Meaning{"search|find|grep", "video list --name GLOB"},
    Meaning{"trash", "video list --state deleted"},
    Meaning{"rm|delete|remove|del", "video delete"},
    Meaning{"restore|undelete", "video restore"},
    Meaning{"download|get|fetch|pull|save", "video download"},
    Meaning{"put|push|send|import", "video upload"},
    Meaning{"show|info", "video show"},
    Meaning{"rename|mv", "video rename"},
    Meaning{"set|edit|update|publish|unpublish", "video set"},
    Meaning{"verify|check|fsck", "video verify"},
    Meaning{"block", "video block"},
    Meaning{"subtitles|subtitle", "video subtitle"},
    Meaning{"post|danmaku", "comment post"},
    Meaning{"link|links", "share create"},
    Meaning{"drain|purge", "queue drain"},
    Meaning{"deletions|deleted", "queue list"},
    Meaning{"run", "task run"},
    Meaning{"cron|jobs", "task list"},
    Meaning{"init", "data init"},
    Meaning{"backup", "data backup"},
    Meaning{"migrate|upgrade", "data migrate"},
    Meaning{"start|server start|data start", "systemctl start videod"},
    Meaning{"stop|server stop|server shutdown|data stop", "systemctl stop videod"},
    Meaning{"restart|server restart|data restart", "systemctl restart videod"},
    Meaning{"status|ping|health", "server status"},
    Meaning{"reload", "server reload"},
    Meaning{"config|configtest", "server check-config"},
    Meaning{"use|profile", "context use"},
    Meaning{"watch|view", "play"},
    Meaning{"man|usage", "help"},
    Meaning{"completions", "completion"},
};

constexpr std::array ofANoun{
    Meaning{"rm|remove|delete|del|erase|destroy|drop|unlink", "delete|remove|revoke|abort|clear VIDEO"},
    Meaning{"create|new|make|add|register", "add|create|post|upload|login|init"},
    Meaning{"get|fetch|pull|save|read|cat", "download|show|list|export"},
    Meaning{"info|describe|view|inspect|stat|status|state|show", "show|status|whoami|list"},
    Meaning{"ls|all|index|search|find", "list"},
    Meaning{"edit|update|modify|change|alter|config|publish|unpublish|transfer|chown|give", "set|rename"},
    Meaning{"mv|move|title", "rename|set"},
    Meaning{"put|send|push|import", "upload|import|add"},
    Meaning{"revoke|kill|end|expire|invalidate|cancel|stop", "revoke|abort|disable|delete"},
    Meaning{"start|exec|execute|trigger|now", "run|drain|login"},
    Meaning{"run|process|purge|flush|empty", "drain|run"},
    Meaning{"undelete|recover|undo", "restore"},
    Meaning{"ban|suspend|lock|deactivate|hide", "disable|block|hide|mute"},
    Meaning{"unban|unlock|activate|unhide", "enable|unblock|approve|unmute"},
    Meaning{"password|pwd|chpasswd", "passwd"},
    Meaning{"switch|select|activate", "use"},
    Meaning{"check|validate|test|hash", "verify|check-config|status"},
    Meaning{"write|say|reply", "post"},
    Meaning{"signin|sign-in", "login"},
    Meaning{"signout|sign-out|exit", "logout"},
    Meaning{"who|me", "whoami"},
    Meaning{"upgrade|update", "migrate"},
    Meaning{"picture|thumb|poster|cover", "thumbnail"},
    Meaning{"transcode|encode|convert", "render"},
    Meaning{"log|logs|runs", "history"},
    Meaning{"dump|backup", "export"},
};

// With a whole command before it, a flag means that only there.
constexpr std::array ofFlags{
    Meaning{"--json|-j", "-o json"},
    Meaning{"--ndjson|--jsonl", "-o ndjson"},
    Meaning{"--tsv|--csv", "-o tsv"},
    Meaning{"--table", "-o table"},
    Meaning{"--ids|--ids-only|--id-only", "-o id"},
    Meaning{"--format|--output-format|-F", "-o FORMAT"},
    Meaning{"--fields|--cols|--column", "--columns A,B"},
    Meaning{"--no-headers|--noheader|--headers", "--no-header"},
    Meaning{"-r|-R", "--recursive|--reverse"},
    Meaning{"--asc|--desc|--descending|--ascending|--reversed", "--reverse"},
    Meaning{"-n", "--limit N|--dry-run"},
    Meaning{"-l|--max|--count|--top|--first|--head", "--limit N"},
    Meaning{"--dryrun|--simulate|--just-print|--test|--check", "--dry-run"},
    Meaning{"-f|--force|--overwrite", "--overwrite|--force|--yes"},
    Meaning{"-y|--assume-yes|--confirm|--no-confirm", "--yes"},
    Meaning{"--host|--url|-s|-H|--api|--endpoint", "--server URL"},
    Meaning{"-u|--username|--user-name|--owner|--author|--for", "--user USER"},
    Meaning{"comment export --user|comment export -u", "comment list --user USER -o ndjson > FILE"},
    Meaning{"--deleted|--trash|--trashed|--in-trash", "--state deleted"},
    Meaning{"--dir|--folder|--directory|--to-dir", "--to DIR/"},
    Meaning{"-p|--password|--pwd|--pass", "--password-file FILE|--password-stdin"},
    Meaning{"--token|-t", "--token-file FILE"},
    Meaning{"-k|--insecure|--ca|--cert|--ca-cert|--cafile", "--cacert FILE"},
    Meaning{"--title|--rename", "--name NAME"},
    Meaning{"--desc", "--description TEXT|--reverse"},
    Meaning{"--tag", "--tag TAG|--tags TAGS"},
    Meaning{"--public|--private|--unlisted", "--visibility public"},
    Meaning{"-O|--out|--output-file|--dest|--destination|--file|--target", "--to FILE"},
    Meaning{"--after|--newer|--from|--start", "--since TIME"},
    Meaning{"--before|--older|--older-than|--end", "--until TIME"},
    Meaning{"--order|--order-by|--sort-by|-S", "--sort ORDER|--by ORDER"},
    Meaning{"--ttl|--expire|--expiry|--valid|--days|--duration", "--expires DURATION|--keep DURATION|--until TIME"},
    Meaning{"--silent|-s", "--quiet"},
    Meaning{"--debug|--trace", "--verbose"},
    Meaning{"--data|--datadir|--directory|-d|-D", "--data-dir DIR"},
    Meaning{"--sudo|--as-user|--impersonate", "--as USER"},
    Meaning{"--conf|-c|--config-file", "--config FILE"},
    Meaning{"--profile", "--context NAME"},
    Meaning{"--move-to|--transfer|--transfer-to|--give-to", "--transfer-videos-to USER|--user USER"},
    Meaning{"--size", "--quota SIZE"},
    Meaning{"--permanent|--permanently|--purge|--immediately", "--now"},
    Meaning{"--skip|--no-clobber|--update", "--skip-existing"},
    Meaning{"--position|--time", "--at POSITION"},
};

constexpr std::array ofValues{
    Meaning{"--state: trash|--state: trashed|--state: removed|--state: delete", "--state deleted"},
    Meaning{"--state: published|--state: public|--state: done", "--state ready"},
    Meaning{"--state: processing|--state: uploading|--state: new", "--state pending"},
    Meaning{"--sort: date|--sort: time|--sort: newest|--sort: create_time", "--sort created"},
    Meaning{"--sort: title", "--sort name"},
    Meaning{"--sort: length", "--sort duration"},
    Meaning{"--visibility: hidden", "--visibility unlisted"},
    Meaning{"--output: csv|-o,--output: csv|-o,--output: text", "-o tsv"},
    Meaning{"-o,--output: jsonl", "-o ndjson"},
    Meaning{"-o,--output: ids", "-o id"},
};

template <class Visit>
void forEachPart(std::string_view list, const Visit& visit) {
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find('|'));
    if (!visit(part)) return;
    list.remove_prefix(std::min(part.size() + 1, list.size()));
  }
}

bool hasPart(std::string_view list, std::string_view wanted) {
  bool has = false;
  forEachPart(list, [&](std::string_view part) { return !(has = part == wanted); });
  return has;
}

// The first meaning of a word that `isThere`.
template <class List, class IsThere>
std::string meaningOf(const List& list, std::string_view word, const IsThere& isThere) {
  std::string found;
  for (const Meaning& one : list) {
    if (!hasPart(one.words, word)) continue;
    forEachPart(one.meant, [&](std::string_view meant) {
      if (isThere(meant)) found = meant;
      return found.empty();
    });
    if (!found.empty()) break;
  }
  return found;
}

const CLI::App* subcommandOf(const CLI::App& command, std::string_view name) {
  const auto known = command.get_subcommands([&](const CLI::App* one) { return one->get_name() == name; });
  return known.empty() ? nullptr : known.front();
}

// The command with these words below `command`; null if there is none. Flags and words in capitals may follow.
const CLI::App* findCommand(const CLI::App& command, std::string_view path) {
  const CLI::App* at = &command;
  while (!path.empty()) {
    const std::string word(path.substr(0, path.find(' ')));
    path.remove_prefix(std::min(word.size() + 1, path.size()));
    if (word[0] == '-' || (word[0] >= 'A' && word[0] <= 'Z')) return at;
    at = subcommandOf(*at, word);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// Edit distance: how many letters to change, insert, delete or swap with their neighbour to turn one word into the
// other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> away(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        away[i][j] = i + j;
        continue;
      }
      const std::size_t changed = away[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      away[i][j] = std::min({changed, away[i - 1][j] + 1, away[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        away[i][j] = std::min(away[i][j], away[i - 2][j - 2] + 1);
    }
  }
  return away[a.size()][b.size()];
}

// The nearest of some names; empty if none is near.
std::string nearestOf(const std::vector<std::string>& names, std::string_view word) {
  std::string nearest;
  const std::size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  std::size_t least = letters < 5 ? 2 : 3;  // words that differ by so many edits are not suggested
  for (const std::string& name : names) {
    const std::size_t away = distance(word, name);
    if (away >= least || away >= word.size()) continue;
    least = away;
    nearest = name;
  }
  return nearest;
}

std::vector<std::string> commandsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

// What a word at the beginning of a command line means, from the noun on.
std::string topLevelMeaning(const CLI::App& root, std::string_view words) {
  return meaningOf(topLevel, words, [&](std::string_view path) {
    return path.starts_with("systemctl ") || findCommand(root, path) != nullptr;
  });
}

// As it is to be typed.
std::string typed(const std::string& path) {
  return path.empty() || path.starts_with("systemctl ") ? path : "videoctl " + path;
}

// The noun of this name, or with this plural; null if there is none.
const CLI::App* nounOf(const CLI::App& root, std::string_view word) {
  const auto isNoun = [](const CLI::App* one) { return one != nullptr && !commandsOf(*one).empty(); };
  if (const CLI::App* noun = subcommandOf(root, word); isNoun(noun)) return noun;
  if (!word.ends_with('s')) return nullptr;
  const CLI::App* noun = subcommandOf(root, word.substr(0, word.size() - 1));
  return isNoun(noun) ? noun : nullptr;
}

// A noun and a verb, which may be other words for them.
std::string commandOf(const CLI::App& noun, const std::vector<std::string>& words) {
  const std::string path = pathOf(noun);
  if (words.empty() || words[0].starts_with('-')) return path;
  const std::string& word = words[0];
  if (subcommandOf(noun, word) != nullptr) return path + ' ' + word;
  std::string verb =
      meaningOf(ofANoun, word, [&](std::string_view name) { return findCommand(noun, name) != nullptr; });
  if (verb.empty()) verb = nearestOf(commandsOf(noun), word);
  if (!verb.empty()) return path + ' ' + verb;
  return path == "upload" ? "video upload" : std::string();
}

// The same without the program's name, from the noun on.
std::string guessed(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words) {
  const std::string& word = words[0];
  if (&command != &root) {
    if (const std::string meant = topLevelMeaning(root, pathOf(command) + ' ' + word); !meant.empty()) return meant;
    return commandOf(command, words);
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (const CLI::App* noun = rest.empty() ? nullptr : nounOf(root, rest[0])) {
    std::vector<std::string> swapped{word};
    swapped.insert(swapped.end(), rest.begin() + 1, rest.end());
    if (const std::string right = commandOf(*noun, swapped); !right.empty()) return right;
  }
  if (const CLI::App* noun = nounOf(root, word)) {
    const bool isAlone = rest.empty() || rest[0].starts_with('-');
    return commandOf(*noun,
                     isAlone && subcommandOf(*noun, "list") != nullptr ? std::vector<std::string>{"list"} : rest);
  }
  if (const std::string meant = topLevelMeaning(root, word); !meant.empty()) return meant;
  const std::string nearest = nearestOf(commandsOf(root), word);
  return nearest.empty() ? std::string() : commandOf(*subcommandOf(root, nearest), rest);
}

}  // namespace

std::string pathOf(const CLI::App& command) {
  std::string path;
  for (const CLI::App* one = &command; one->get_parent() != nullptr; one = one->get_parent())
    path = one->get_name() + (path.empty() ? "" : ' ' + path);
  return path;
}

bool isVerbFirst(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& left,
                 const std::vector<std::string>& given) {
  if (left.empty() || left[0].starts_with('-')) return false;
  if (&command == &root) return left.size() > 1 && nounOf(root, left[1]) != nullptr && nounOf(root, left[0]) == nullptr;
  const std::string noun = pathOf(command).substr(0, pathOf(command).find(' '));
  return std::find(given.begin(), given.end(), left[0]) < std::find(given.begin(), given.end(), noun);
}

std::string rightCommand(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words) {
  return words.empty() ? std::string() : typed(guessed(root, command, words));
}

std::string rightFlag(const CLI::App& root, const CLI::App& command, const std::vector<std::string>& words,
                      bool rehearses) {
  const std::string_view word = words[0];
  const std::string_view flag = word.substr(0, word.find('='));
  const std::string_view value = flag.size() < word.size() ? word.substr(flag.size() + 1)
                                 : words.size() > 1        ? std::string_view(words[1])
                                                           : std::string_view();
  const auto hasOption = [&](const std::string& name) { return command.get_option_no_throw(name) != nullptr; };
  const auto has = [&](std::string_view text) {
    const std::string name(text.substr(0, text.find(' ')));
    if (name == "--dry-run") return rehearses;
    if (name == "--yes") return !hasOption("--limit");  // a list asks nothing
    return name[0] != '-' || hasOption(name) || root.get_option_no_throw(name) != nullptr;
  };
  if (const std::string meant = meaningOf(ofFlags, fmt::format("{} {}", pathOf(command), flag), has); !meant.empty())
    return typed(meant);
  if ((flag == "-f" || flag == "-F" || flag == "--format") && valueOf<Format>(value) && !hasOption("--format"))
    return fmt::format("-o {}", value);
  if (std::string meant = meaningOf(ofFlags, flag, has); !meant.empty()) return meant;
  if (!flag.starts_with("--")) return {};
  std::vector<std::string> names;
  for (const CLI::App* app : {&command, &root})
    for (const CLI::Option* option : app->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return nearestOf(names, flag);
}

std::string rightValue(std::string_view problem) {
  return meaningOf(ofValues, problem.substr(0, problem.find(" is not ")), [](std::string_view) { return true; });
}

std::string rightArgument(const CLI::App& command, const std::string& word) {
  const CLI::Option* const name = command.get_option_no_throw("--name");
  const std::string given = shellWord(word);
  if (name == nullptr || name->get_type_name() != "GLOB" || given.empty()) return {};
  return fmt::format("videoctl {} --name {}", pathOf(command), given);
}

std::string shellWord(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/@%+-";
  if (text.empty() || harmless(text) != text || text.find('\'') != text.npos) return {};
  return text.find_first_not_of(plain) == text.npos ? text : '\'' + text + '\'';
}

}  // namespace video::ctl
