#include <langinfo.h>

#include <clocale>
#include <csignal>

#include "base/text.hpp"
#include "command.hpp"
#include "files.hpp"
#include "generate.hpp"

namespace {

using namespace video;
using namespace video::ctl;

constexpr int badUsage = 2;

// What may help, for a fault whose detail does not say it.
std::string hintFor(const Error& error, Caller& caller) {
  switch (error.fault()) {
    case Fault::unauthenticated:
      return caller.isRemote() ? "sign in with `videoctl session login NAME`, or with --server set VIDEOCTL_TOKEN"
                               : std::string();
    case Fault::tooMany:
    case Fault::unavailable:
      return error.retryAfter() ? fmt::format("try again in {} s", error.retryAfter()->count()) : std::string();
    case Fault::diskFull: return "delete videos and `videoctl queue drain --include-not-due`, or make room";
    default: return {};
  }
}

// Whether the command line asks for JSON, also where it is wrong otherwise and was not taken in.
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

// For programs, what went wrong once more, as JSON.
void sayJson(std::string_view why, std::string_view code, int exit, bool retryable) {
  std::string json = "{\"error\":";
  appendJson(json, isUtf8(why) ? why : "not UTF-8");
  sayPlain(json + fmt::format(R"(,"error_code":"{}","exit":{},"retryable":{}}})", code, exit, retryable));
}

int failUsage(std::string_view why, bool json) {
  say(why);
  if (json) sayJson(why, rowOf(Fault::malformed).code, badUsage, false);
  return badUsage;
}

int fail(const Error& error, Caller& caller) {
  const FaultRow& row = rowOf(error.fault());
  say(error.what());
  if (const std::string hint = hintFor(error, caller); !hint.empty()) sayPlain("hint: " + hint);
  if (caller.out.isJson()) sayJson(error.what(), row.code, row.exitStatus, row.retryable);
  return row.exitStatus;
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

// The command line's words from the last to the first, as CLI11 takes them; to which -0 behind a verb is a number.
std::vector<std::string> wordsOf(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  std::replace(words.begin(), std::find(words.begin(), words.end(), "--"), std::string("-0"), std::string("--null"));
  std::reverse(words.begin(), words.end());
  return words;
}

int run(int count, char** arguments) {
  CLI::App app("Works on the users, videos and comments of a video server", "videoctl");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.set_version_flag("--version", "videoctl " VIDEO_VERSION, "Print the version and end");
  Flags flags;
  addFlags(app, flags);
  Commands commands(app);
  addUser(commands);
  addSession(commands);
  addToken(commands);
  addVideo(commands);
  addShare(commands);
  addComment(commands);
  addQueue(commands);
  addTask(commands);
  addData(commands);
  addServer(commands);
  addContext(commands);
  addHelp(commands);
  addGenerate(commands);

  const bool json = wantsJson(std::vector<std::string>(arguments + 1, arguments + count));
  Action action = [&app](Caller& caller) {
    caller.out.text(overview(app));
    return 0;
  };
  try {
    // What a shell asks while somebody types; no command of a person's.
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
      if (flags.dryRun && !chosen->rehearses) throw Usage("--dry-run: this command has no rehearsal, and was not run");
      action = chosen->action;
    }
  } catch (const CLI::CallForHelp&) {
    const CLI::App& asked = commands.deepest();
    action = [&asked](Caller& caller) {
      caller.out.text(asked.get_parent() == nullptr ? overview(asked) + "\n" + asked.help() : Commands::helpOf(asked));
      return 0;
    };
  } catch (const CLI::CallForVersion& asked) {
    action = [text = std::string(asked.what()) + '\n'](Caller& caller) {
      caller.out.text(text);
      return 0;
    };
  } catch (const CLI::ParseError& problem) {
    commands.explain(problem);
    if (json) sayJson(problem.what(), rowOf(Fault::malformed).code, badUsage, false);
    return badUsage;
  } catch (const Usage& wrong) {
    return failUsage(wrong.what(), json);
  }
  Printer printer(flags.output.value_or(Format::automatic), flags.columns, !flags.noHeader);
  Caller caller(flags, printer);
  return carryOut(action, caller);
}

}  // namespace

int main(int count, char** arguments) {
  // Widths of characters; what we print is UTF-8 in whatever locale.
  if (std::setlocale(LC_CTYPE, "") == nullptr || std::string_view(::nl_langinfo(CODESET)) != "UTF-8")
    std::setlocale(LC_CTYPE, "C.UTF-8");
  std::signal(SIGPIPE, SIG_IGN);
  return run(count, arguments);
}
