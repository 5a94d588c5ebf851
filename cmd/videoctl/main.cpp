#include <clocale>
#include <csignal>

#include "command.hpp"
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

int fail(const Error& error, Caller& caller) {
  const FaultRow& row = rowOf(error.fault());
  say(error.what());
  if (const std::string hint = hintFor(error, caller); !hint.empty()) sayPlain("hint: " + hint);
  if (caller.out.isJson()) {
    std::string json = "{\"error\":";
    appendJson(json, std::string_view(error.what()));
    json += fmt::format(R"(,"error_code":"{}","exit":{},"retryable":{}}})", row.code, row.exitStatus, row.retryable);
    sayPlain(json);
  }
  return row.exitStatus;
}

int failUsage(std::string_view why) {
  say(why);
  return badUsage;
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
    status = failUsage(wrong.what());
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
    if (const Action* chosen = commands.chosen()) action = *chosen;
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
    return badUsage;
  } catch (const Usage& wrong) {
    return failUsage(wrong.what());
  }
  Printer printer(flags.output.value_or(Format::automatic), flags.columns, !flags.noHeader);
  Caller caller(flags, printer);
  return carryOut(action, caller);
}

}  // namespace

int main(int count, char** arguments) {
  std::setlocale(LC_CTYPE, "");  // widths of characters
  std::signal(SIGPIPE, SIG_IGN);
  return run(count, arguments);
}
