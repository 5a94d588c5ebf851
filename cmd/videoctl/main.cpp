#include <langinfo.h>

#include <array>
#include <clocale>
#include <csignal>

#include "base/text.hpp"
#include "docs/generate.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/wrong_words.hpp"
#include "os/files.hpp"

namespace {

using namespace video;
using namespace video::ctl;

constexpr int badUsage = 2;
constexpr const char* versionLine = "videoctl " VIDEO_VERSION;

int sayVersion(Caller& caller) {
  caller.out.text(std::string(versionLine) + '\n');
  return 0;
}

// What was given for the ID of a video and is none, but could be its name, as a shell takes it; or nothing.
std::string nameForAnId(const Error& error) {
  constexpr std::string_view before = "video ";
  constexpr std::string_view after = ": not found";
  const std::string& detail = error.detail();
  if (!detail.starts_with(before) || !detail.ends_with(after) || detail.size() <= before.size() + after.size())
    return {};
  const std::string given = detail.substr(before.size(), detail.size() - before.size() - after.size());
  return given.find_first_not_of("0123456789abcdef-") == given.npos ? "" : shellWord(given);
}

// A hint for the faults whose message does not already say what to do.
std::string hintFor(const Error& error, Caller& caller) {
  const bool remote = caller.isRemote();
  switch (error.reason()) {
    case Reason::notAllowed: return "run `videoctl session whoami` to see who you are signed in as";
    case Reason::noSuchUser: return "run `videoctl user list` to see all users";
    case Reason::noSuchVideo:
      if (const std::string name = nameForAnId(error); !name.empty())
        return fmt::format("a video goes by its ID: run `videoctl video list --name {}` to find it", name);
      return "run `videoctl video list` to see all videos; add --state deleted to see the trash";
    case Reason::noSuchTask: return "run `videoctl task list` to see all tasks";
    case Reason::noSuchContext: return "run `videoctl context list` to see all contexts";
    case Reason::videoDeleted: return "run `videoctl video restore ID` to restore it";
    case Reason::noAnswer:
      return remote ? "check the address and that videod is running there; use --timeout to wait longer" : "";
    case Reason::ownFile: return "free some space on the disk of that file";
    case Reason::uploadLimit: return "the limit is stream.max_upload in the server's configuration";
    case Reason::noVideoFormat: return "run `videoctl help formats` to see what is taken";
    case Reason::notVideod:  // what to look at is in the message
      return error.retryAfter() ? fmt::format("try again in {} s", error.retryAfter()->count()) : "";
    case Reason::wrongPassword: return "";
    case Reason::newerRequest:
    case Reason::none: break;
  }
  switch (error.fault()) {
    case Fault::unauthenticated:
      return remote ? "sign in with `videoctl session login NAME`, or use --server with VIDEOCTL_TOKEN" : "";
    case Fault::overQuota:
      return "run `videoctl user show NAME` to see the quota; deleted videos count until they are purged";
    case Fault::busy:
    case Fault::tooMany:
    case Fault::unavailable:
      return error.retryAfter() ? fmt::format("try again in {} s", error.retryAfter()->count())
                                : "try again, or use --lock-timeout to wait longer";
    case Fault::requestTimeout: return "use --timeout to wait longer";
    case Fault::diskFull:
      return remote ? "the disk of the server is full; tell who runs it"
                    : "free some disk space; in a data directory: delete videos, and run `videoctl queue drain "
                      "--include-not-due`";
    default: return {};
  }
}

// Whether the command line asks for JSON. Works on a command line that does not parse, too.
bool wantsJson(const std::vector<std::string>& words) {
  std::string format = fromEnvironment("VIDEOCTL_OUTPUT").value_or("");
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if ((word == "-o" || word == "--output") && i + 1 < words.size()) format = words[i + 1];
    if (word.starts_with("--output=")) format = word.substr(9);
    if (word.starts_with("-o") && word.size() > 2) format = word.substr(2);
  }
  return format == "json" || format == "ndjson";
}

// Repeats an error as JSON, for programs.
void sayJson(const Error& error, int exit, std::string_view request = {}) {
  const FaultRow& row = rowOf(error.fault());
  std::string json = "{\"error\":";
  appendJson(json, repairedUtf8(error.what()));
  json += fmt::format(R"(,"error_code":"{}","exit":{},"retryable":{})", row.code, exit, row.retryable);
  if (error.reason() != Reason::none) json += fmt::format(R"(,"reason":"{}")", slugOf(error.reason()));
  if (!request.empty()) {
    json += ",\"request_id\":";
    appendJson(json, repairedUtf8(request));
  }
  sayPlain(json + '}');
}

int failUsage(std::string_view why, bool json) {
  say(why);
  if (json) sayJson(Error(Fault::malformed, std::string(why)), badUsage);
  return badUsage;
}

int fail(const Error& error, Caller& caller) {
  const int exit = rowOf(error.fault()).exitStatus;
  say(error.what());
  if (const std::string hint = hintFor(error, caller); !hint.empty()) sayPlain("hint: " + hint);
  if (caller.out.isJson()) sayJson(error, exit, caller.isRemote() ? error.requestId() : std::string_view());
  return exit;
}

int carryOut(const Action& action, Caller& caller) {
  int status = 1;
  try {
    try {
      status = action(caller);
    } catch (const ClosedOutput&) {
      status = 0;
    }
    caller.out.finish();
  } catch (const Usage& wrong) {
    status = failUsage(wrong.what(), caller.out.isJson());
  } catch (const Interrupted& interrupted) {
    status = 128 + interrupted.signal;
  } catch (const Error& error) {
    status = fail(error, caller);
  } catch (const std::exception& error) {
    status = fail(Error(Fault::internal, error.what()), caller);
  }
  return status;
}

// The arguments in reverse, as CLI11 expects them. Spells out -0, which CLI11 would take for a number after a verb.
std::vector<std::string> wordsOf(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  std::replace(words.begin(), std::find(words.begin(), words.end(), "--"), std::string("-0"), std::string("--null"));
  std::reverse(words.begin(), words.end());
  return words;
}

// Declares the nouns that appear on the command line, or all of them: declaring every noun takes longer than most
// commands run. Returns whether all were declared.
bool addNouns(Commands& commands, const std::vector<std::string>& words, bool all) {
  using Add = void (*)(Commands&);
  constexpr std::array<std::pair<std::string_view, Add>, 16> nouns{{{"user", addUser},
                                                                    {"session", addSession},
                                                                    {"token", addToken},
                                                                    {"video", addVideo},
                                                                    {"share", addShare},
                                                                    {"upload", addUploads},
                                                                    {"comment", addComment},
                                                                    {"history", addHistory},
                                                                    {"play", addPlay},
                                                                    {"report", addReport},
                                                                    {"queue", addQueue},
                                                                    {"task", addTask},
                                                                    {"data", addData},
                                                                    {"server", addServer},
                                                                    {"context", addContext},
                                                                    {"doctor", addDoctor}}};
  const auto has = [&words](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  for (const char* about : {"help", "generate", "completion", "__complete", "--help", "-h"}) all = all || has(about);
  all = all || std::none_of(nouns.begin(), nouns.end(), [&](const auto& noun) { return has(noun.first); });
  for (const auto& [name, add] : nouns)
    if (all || has(name)) add(commands);
  addHelp(commands);
  addGenerate(commands);
  return all;
}

int run(int count, char** arguments, bool all = false) {
  CLI::App app("Manage the users, videos and comments of a video server", "videoctl");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.set_version_flag("--version", versionLine, "Print the version and exit");
  Flags flags;
  addFlags(app, flags);
  Commands commands(app);
  const std::vector<std::string> given(arguments + 1, arguments + count);
  all = addNouns(commands, given, all);

  const bool json = wantsJson(given);
  Action action = [&app](Caller& caller) {
    caller.out.text(overview(app));
    return 0;
  };
  try {
    // Called by the completion scripts, not by people.
    if (count > 1 && std::string_view(arguments[1]) == "__complete") {
      flags.timeout = std::chrono::seconds{2};
      flags.output = Format::tsv;
      action = [&commands, words = std::vector<std::string>(arguments + 2, arguments + count)](Caller& caller) {
        return complete(caller, commands, words);
      };
    } else {
      app.parse(wordsOf(count, arguments));
    }
    readEnvironment(flags);
    if (const Command* chosen = commands.chosen()) {
      if (flags.dryRun && !chosen->rehearses)
        throw Usage("--dry-run: this command does not support it; nothing was done");
      action = chosen->action;
    }
  } catch (const CLI::CallForHelp&) {
    const CLI::App& asked = commands.deepest();
    action = [&asked](Caller& caller) {
      caller.out.text(asked.get_parent() == nullptr ? overview(asked) + "\n" + asked.help() : Commands::helpOf(asked));
      return 0;
    };
  } catch (const CLI::CallForVersion&) {
    action = sayVersion;
  } catch (const CLI::ParseError& problem) {
    if (!all) return run(count, arguments, true);  // it may name a noun that was not declared
    const std::string why = commands.explain(problem, given);
    if (json) sayJson(Error(Fault::malformed, why), badUsage);
    return badUsage;
  } catch (const Usage& wrong) {
    return failUsage(wrong.what(), json);
  } catch (const Error& error) {
    const int exit = rowOf(error.fault()).exitStatus;
    say(error.what());
    if (json) sayJson(error, exit);
    return exit;
  }
  Printer printer(flags.output.value_or(Format::automatic), flags.columns, !flags.noHeader);
  Caller caller(flags, printer);
  return carryOut(action, caller);
}

}  // namespace

int main(int count, char** arguments) {
  os::openMissingStandardStreams();
  // For character widths: the output is UTF-8 in every locale.
  if (std::setlocale(LC_CTYPE, "") == nullptr || std::string_view(::nl_langinfo(CODESET)) != "UTF-8")
    std::setlocale(LC_CTYPE, "C.UTF-8");
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // a parent may have ignored it
  if (count == 2 && std::string_view(arguments[1]) == "--version") {
    Printer printer(Format::tsv, {}, true);
    const Flags none;
    Caller caller(none, printer);
    return carryOut(sayVersion, caller);
  }
  return run(count, arguments);
}
