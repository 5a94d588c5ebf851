#include "frame/command.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <sstream>

#include "base/units.hpp"
#include "frame/files.hpp"
#include "frame/times.hpp"
#include "frame/wrong_words.hpp"
#include "sessions/fields.hpp"

namespace video::ctl {

const Target& Caller::target() {
  if (!way_) {
    way_ = pickTarget(flags);
    constexpr std::array names{"direct", "socket", "remote"};
    if (flags.verbose) say(fmt::format("{} {}", names[static_cast<std::size_t>(way_->kind)], way_->address));
  }
  return *way_;
}

Toolkit& Caller::toolkit() {
  if (!toolkit_) {
    if (target().kind == Target::Kind::direct) {
      becomeDataOwner(target().settings);
      toolkit_ = openLocal(target().settings, target().origin);
    } else {
      toolkit_ = openRemote(target().client);
    }
  }
  return *toolkit_;
}

bool Caller::findDaemon() {
  if (target().kind == Target::Kind::direct && !toolkit_)
    if (auto served = overSocket(*way_, flags)) way_ = *std::move(served);
  return target().kind != Target::Kind::direct;
}

std::string Caller::self(std::string_view command, std::string_view flag) {
  const WhoAmI who = toolkit().sessions().whoami(by(), {});
  if (!who.userName) throw Usage(fmt::format("{}: give the user: {} USER", command, flag));
  return *who.userName;
}

std::string Caller::siteUrl() {
  if (target().kind == Target::Kind::remote) return target().address;
  for (const http::Listener& listener : target().settings.listeners)
    if ((listener.roles & (http::stream | http::web)) != 0 && !listener.address.starts_with("unix:"))
      return "http://" + listener.address;
  return {};
}

void Caller::needAuthor(std::string_view command) {
  const auto* operator_ = std::get_if<Operator>(&by());
  if (operator_ != nullptr && !operator_->as) throw Usage(fmt::format("{}: say as which user: --as USER", command));
}

void Caller::needPrivateWay() {
  if (target().kind == Target::Kind::remote && http::isExposed(target().address) && !flags.allowPlainHttp)
    throw Usage(
        fmt::format("{}: would send a password over plain HTTP: use https, or --allow-plain-http", target().address));
}

void Caller::report(std::string_view line) const {
  if (!flags.quiet) say(line);
}

void readValue(std::string_view text, std::string_view name, Time& to) {
  const auto time = parseTimeGiven(text, systemClock().now());
  if (!time)
    throw Error(Fault::malformed,
                fmt::format("{}: {} is not a TIME such as 2026-11-21, yesterday, 7d (ago) or 2026-11-21T09:30:00Z; see "
                            "`videoctl help values`",
                            name, text));
  to = *time;
}

void readValue(std::string_view text, std::string_view name, std::chrono::milliseconds& to) {
  const auto duration = parseDuration(text);
  if (!duration)
    throw Error(Fault::malformed, fmt::format("{}: {} is not a DURATION such as 30s, 2h30m or 7d", name, text));
  to = *duration;
}

void readOff(std::string_view text, std::string_view name, std::optional<bool>& to) {
  if (text != "on" && text != "off") throw Error(Fault::malformed, fmt::format("{}: {} is not on or off", name, text));
  to = text == "off";
}

void readSize(std::string_view text, std::string_view name, std::optional<std::int64_t>& to) {
  const auto size = parseSize(text);
  if (!size) throw Error(Fault::malformed, fmt::format("{}: {} is not a SIZE such as 500M or 5GiB", name, text));
  to = static_cast<std::int64_t>(*size);
}

void readPositionMs(std::string_view text, std::string_view name, std::optional<std::int64_t>& to) {
  const auto position = parsePosition(text);
  if (!position) throw Error(Fault::malformed, fmt::format("{}: {} is not a position such as 1:23.5", name, text));
  to = position->count();
}

CLI::App& Commands::noun(const std::string& name, const std::string& doc, std::vector<Example> examples) {
  CLI::App* noun = app_->add_subcommand(name, doc);
  noun->require_subcommand(1);
  std::string footer = "Examples:\n";
  for (const Example& example : examples) {
    footer += fmt::format("  {}\n", example.what);
    std::istringstream lines(example.line);
    for (std::string line; std::getline(lines, line);) footer += fmt::format("      {}\n", line);
  }
  noun->footer(footer);
  examples_.emplace(noun, std::move(examples));
  return *noun;
}

CLI::App& Commands::group(CLI::App& noun, const std::string& name, const std::string& doc) {
  CLI::App* group = noun.add_subcommand(name, doc);
  group->require_subcommand(1);
  group->footer("");  // do not inherit the examples of the noun
  return *group;
}

const std::vector<Example>& Commands::examplesOf(const CLI::App& noun) const {
  static const std::vector<Example> none;
  const auto found = examples_.find(&noun);
  return found == examples_.end() ? none : found->second;
}

std::string Commands::schemaOf(const CLI::App& command) const {
  const auto found = commands_.find(&command);
  return found == commands_.end() || found->second.schema == nullptr ? std::string() : found->second.schema();
}

std::vector<std::string_view> Commands::columnsOf(const CLI::App& command) const {
  const auto found = commands_.find(&command);
  return found == commands_.end() || found->second.columns == nullptr ? std::vector<std::string_view>()
                                                                      : found->second.columns();
}

const CLI::App& Commands::deepest() const {
  const CLI::App* command = app_;
  for (auto below = command->get_subcommands(); !below.empty(); below = command->get_subcommands())
    command = below.front();
  return *command;
}

std::string Commands::helpOf(const CLI::App& command) {
  std::string path;
  for (const CLI::App* above = command.get_parent(); above != nullptr; above = above->get_parent())
    path = above->get_name() + (path.empty() ? "" : ' ' + path);
  return command.help(path);
}

const Command* Commands::chosen() const {
  const auto found = commands_.find(&deepest());
  return found == commands_.end() ? nullptr : &found->second;
}

std::string Commands::explain(const CLI::ParseError& problem, const std::vector<std::string>& given) const {
  const CLI::App& command = deepest();
  const std::string path = pathOf(command);
  const std::string before = path.empty() ? path : path + ' ';
  const bool hasVerbs = !command.get_subcommands([](const CLI::App*) { return true; }).empty();
  const std::vector<std::string> left = app_->remaining(true);
  const auto flag = std::find_if(left.begin(), left.end(), [](const std::string& word) { return word[0] == '-'; });
  std::string what;
  std::string right;
  if (!left.empty() && left[0] == "help") {
    what = "help comes before the noun";
    right = "videoctl help " + path;
  } else if (hasVerbs && isVerbFirst(*app_, command, left, given)) {
    what = fmt::format("{}: no such command: the noun comes first", left[0]);
    right = rightCommand(*app_, command, left);
    if (right.empty()) right = rightCommand(*app_, *app_, {left[0]});
  } else if (hasVerbs && !left.empty() && flag != left.begin()) {
    what = fmt::format("{}{}: no such command", before, left[0]);
    right = rightCommand(*app_, command, left);
  } else if (flag != left.end()) {
    const Command* const known = chosen();
    what = fmt::format("{}{}no such flag {}", path, path.empty() ? "" : ": ", flag->substr(0, flag->find('=')));
    right = rightFlag(*app_, command, {flag, left.end()}, known != nullptr && known->rehearses);
  } else {
    what = problem.what();
    right = left.empty() ? rightValue(what) : rightArgument(command, left[0]);
  }
  say(what);
  sayPlain(right.empty() ? fmt::format("hint: see `videoctl {}--help`", before)
                         : fmt::format("hint: did you mean `{}`?", right));
  return what;
}

Items::Items(const std::vector<std::string>& arguments, const Flags& flags)
    : arguments_(arguments), ending_(flags.nul ? '\0' : '\n') {
  input_ = arguments_.size() == 1 && arguments_[0] == "-";
  several_ = input_ || arguments_.size() > 1;
}

Items::Items(const std::vector<std::string>& arguments, bool several)
    : arguments_(arguments), several_(several || arguments.size() > 1) {}

Items Items::ofFiles(const std::vector<std::string>& paths, bool several) {
  Items items(paths, several);
  items.files_ = true;
  return items;
}

Result Items::failed(const std::string& item, std::string_view why) const {
  Result result{"failed", files_ ? std::string() : item, {}, std::string(why)};
  if (files_) result.path = item;
  return result;
}

std::optional<std::string> Items::next() {
  if (!input_) return at_ < arguments_.size() ? std::optional(arguments_[at_++]) : std::nullopt;
  std::string line;
  while (std::getline(std::cin, line, ending_))
    if (!line.empty()) return line;
  return std::nullopt;
}

bool endsBatch(Fault fault) {
  if (fault == Fault::locked) return false;  // others are at work on this item
  const int status = rowOf(fault).exitStatus;
  return fault == Fault::unauthenticated || status == 8 || status == 9 || status == 11 || status == 12;
}

namespace {

// Whether a sentence has a text as a word of its own.
bool mentions(std::string_view sentence, std::string_view text) {
  const auto isPart = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '/' || static_cast<unsigned char>(c) >= 0x80;
  };
  for (std::size_t at = sentence.find(text); at != std::string_view::npos; at = sentence.find(text, at + 1)) {
    const std::size_t end = at + text.size();
    if ((at == 0 || !isPart(sentence[at - 1])) && (end == sentence.size() || !isPart(sentence[end]))) return true;
  }
  return false;
}

// What became of the items of a batch, in one line.
class Summary {
 public:
  void add(const Result& result) {
    bytes_ += result.bytes;
    add(result.status);
  }
  void add(const std::string& status) {
    const std::string word = status == "uploaded"                 ? "new"
                             : status == "skipped-deleted"        ? "deleted on the server"
                             : status.starts_with("skipped")      ? "unchanged"
                             : status == "would-upload"           ? "would be new"
                             : status == "would-ignore"           ? "would be ignored"
                             : status.starts_with("would-delete") ? "would be deleted"
                                                                  : status;
    const auto found = std::find_if(counts_.begin(), counts_.end(), [&](const auto& one) { return one.first == word; });
    if (found != counts_.end())
      ++found->second;
    else
      counts_.emplace_back(word, 1);
  }
  bool isEmpty() const { return counts_.empty(); }
  std::string line() const {
    constexpr std::array<std::string_view, 4> order{"new", "unchanged", "deleted on the server", "ignored"};
    auto sorted = counts_;
    const auto placeOf = [&](const std::string& word) {
      return word == "failed" ? order.size() + 1
                              : static_cast<std::size_t>(std::find(order.begin(), order.end(), word) - order.begin());
    };
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const auto& a, const auto& b) { return placeOf(a.first) < placeOf(b.first); });
    std::string text;
    for (const auto& [word, count] : sorted) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    if (bytes_ > 0) text += ", " + formatSize(static_cast<std::uint64_t>(bytes_));
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::size_t>> counts_;
  std::int64_t bytes_ = 0;
};

}  // namespace

std::string namedError(const std::string& item, const Error& error) {
  const std::string_view what = error.what();
  const bool isOfAll = error.fault() == Fault::unreachable || error.fault() == Fault::unauthenticated;
  if (item.empty() || isOfAll || mentions(what, item == "-" ? "standard input" : item)) return std::string(what);
  return fmt::format("{}: {}", item == "-" ? "standard input" : item, what);
}

int runBatch(Caller& caller, Items items, const std::function<Result(const std::string&)>& work) {
  caller.target();  // what is wrong with the server or the configuration is of no item
  const bool silent = caller.flags.quiet && !caller.flags.output && !caller.flags.dryRun;
  caller.out.beginResults();
  bool failed = false;
  bool hadAny = false;
  Summary summary;
  const auto finish = [&] {
    caller.out.endResults();
    if (items.areSeveral() && (!hadAny || !summary.isEmpty())) caller.report(hadAny ? summary.line() : "nothing to do");
  };
  while (const auto item = items.next()) {
    hadAny = true;
    try {
      const Result result = work(*item);
      if (!silent) caller.out.result(result);
      failed = failed || result.isIncomplete;
      summary.add(result);
    } catch (const Interrupted&) {
      finish();
      throw;
    } catch (const Error& error) {
      if (!items.areSeveral() || endsBatch(error.fault())) {
        finish();
        throw Error(error).named(namedError(*item, error));
      }
      failed = true;
      say(namedError(*item, error));
      caller.out.result(items.failed(*item, error.what()));
      summary.add("failed");
      if (caller.flags.failFast) break;
    }
  }
  finish();
  return failed ? 3 : 0;
}

}  // namespace video::ctl
