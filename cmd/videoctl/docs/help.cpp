#include <algorithm>

#include "docs/generate.hpp"
#include "media/sniff.hpp"

namespace video::ctl {

struct Version {
  std::string version;
};

}  // namespace video::ctl

namespace video {
template <>
struct Fields<ctl::Version> {
  static constexpr std::tuple list{Field{"version", &ctl::Version::version, "version of this program"}};
};
}  // namespace video

namespace video::ctl {
namespace {

struct Topic {
  std::vector<std::string> words;
};

constexpr std::string_view examples =
    R"(
Examples:
  videoctl user add ada                                   add a user, asking for a password
  videoctl video upload holiday.mp4 --user ada            upload a video
  videoctl --server https://example.org session login ada sign in to a server

Run `videoctl NOUN --help` or `videoctl NOUN VERB --help` for details.
More topics: videoctl help exit-codes|environment|formats|modes|values
)";

constexpr std::string_view values =
    R"(TIME      2026-11-01, 2026-11-01 14:30 (local time), 2026-11-01T14:30:00Z
          (RFC 3339, with its offset), today, yesterday (since midnight, local
          time), 7d or -7d (that long ago), @1795253400 (Unix seconds). A bare
          number is refused: it could mean any of these.
DURATION  numbers with the units d, h, m, s and ms, the largest first: 30d,
          2h30m, 45s, 250ms
SIZE      bytes: 500, 64K, 5M, 1.5GiB, 2GB; K, M, G, T and KiB, MiB, GiB, TiB
          are powers of 1024; KB, MB, GB, TB are powers of 1000
POSITION  a time in a video: 83.5 (seconds), 1:23.5, 1:02:03
GLOB      * stands for any text, ? for one character, [a-z] for one of these;
          quote it, so that the shell leaves it alone
USER      the name of a user, as user list -o id prints it
ID        the ID of an item, as lists print it with -o id

An argument that stands for several items can be -, which reads them from
standard input, one per line.
)";

constexpr std::string_view exitCodes =
    R"(0    success; also if standard input was empty or the reader of a pipe went away
1    any other error
2    wrong usage
3    one or more of several items failed
4    not found
5    already exists, or is in the wrong state
6    not signed in, or not allowed
7    invalid input: malformed, too large, over quota, wrong type
8    cannot reach the server or data directory, or no answer within --timeout
9    busy (locked beyond --lock-timeout, rate limited, stopping); try again
10   a check found problems
11   no space left
12   the database or server has another version
130  interrupted by Ctrl-C (143: by SIGTERM); only what can be resumed is left incomplete

A command given one item exits with the status of that item. A command given
several items, or -, goes on after an error and exits with 3, but stops at an
error that would affect all items (not signed in, 8, 9, 11, 12) and exits with
that status. After 8 or 9, try again. A large upload that ended with 8, 9,
130 or 143 continues where it stopped if the same command is run again, and a
download with --resume.
)";

constexpr std::string_view environment =
    R"(VIDEOCTL_SERVER      default for --server
VIDEOCTL_CONTEXT     default for --context
VIDEOCTL_TOKEN       a token or session ID, used only with --server or VIDEOCTL_SERVER
VIDEOCTL_TOKEN_FILE  default for --token-file
VIDEOCTL_CACERT      default for --cacert
VIDEOCTL_OUTPUT      default for --output
VIDEOD_CONFIG        default for --config
VIDEOD_DATA_DIR      default for --data-dir
XDG_CONFIG_HOME      directory of videoctl/contexts.toml; default: ~/.config
XDG_STATE_HOME       directory of videoctl/uploads, the state of uploads that can be resumed; default: ~/.local/state
XDG_CACHE_HOME       directory of videoctl/hashes, a cache of file digests; default: ~/.cache

Flags take precedence over the environment, the environment over the current
context, and the context over the configuration file.
)";

constexpr std::string_view formats =
    R"(table   aligned columns, for people; the default on a terminal
tsv     a line of column names, then one line per item, separated by tabs;
        tab, newline and backslash are written as \t, \n and \\, other
        control characters as \x1b, and those of text direction as \u202e;
        the default in a pipe
json    one JSON document; a list looks like {"videos":[...]}
ndjson  one JSON object per line, written as items arrive
id      IDs only, one per line

--columns a,b selects and orders the columns of table and tsv; --no-header
omits their names. Data goes to standard output, everything else to
standard error; with json and ndjson an error is also printed there as a
JSON object. JSON is UTF-8: in a file name that is not valid UTF-8, each
invalid byte appears as U+FFFD. tsv prints the bytes unchanged, but those
from 0x80 to 0x9f as \x80 to \x9f.

File types accepted as videos, detected from the content, not the name:

)";

// The formats of the output, and those of videos.
std::string_view formatsTopic() {
  static const std::string text = [] {
    std::string all(formats);
    for (const media::Kind& kind : media::kinds()) all += fmt::format("  {}\n", kind.name);
    return all + "\nOgg, Matroska, WebM and Windows Media files without a video track are refused.\n";
  }();
  return text;
}

constexpr std::string_view modes =
    R"(remote  over HTTP, as the user of the token or session; used with
        --server, VIDEOCTL_SERVER or a context
socket  over the operator socket, as the operator; used if a daemon on
        this machine listens there
direct  on the data directory itself, as the operator; for root and the
        owner of the data directory; used if no daemon listens, or with
        --direct, --data-dir or VIDEOD_DATA_DIR; safe while a daemon is running

-v shows which mode is used. --as USER lets the operator act as a user. If
you ask for a server and it does not answer, the command exits with status 8
and tries no other mode.
)";

}  // namespace

std::string_view topic(std::string_view name) {
  if (name == "formats") return formatsTopic();
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> texts{
      {{"exit-codes", exitCodes}, {"environment", environment}, {"modes", modes}, {"values", values}}};
  for (const auto& [known, text] : texts)
    if (known == name) return text;
  return {};
}

const std::vector<Example>& recipes() {
  static const std::vector<Example> all{
      {"Upload new files from a folder every night; silent unless something failed",
       "videoctl -q video upload /srv/incoming --recursive --skip-existing --min-age 5m --user ada"},
      {"Show how much of their quota users have used",
       R"(videoctl user list -o json | jq -r '.users[] | select(.bytes_quota > 0)
  | "\(.user_name) \(.bytes_used * 100 / .bytes_quota | floor) %"')"},
      {"List tokens that expire within two weeks",
       R"sh(videoctl token list -o json | jq -r --arg soon "$(date -u -d '+14 days' +%FT%TZ)" \
  '.tokens[] | select(.expires != null and .expires < $soon) | .user_name + " " + .label')sh"},
      {"Purge what is due, from cron if no daemon does it; exits with 3 if some failed, 9 if others hold some",
       "videoctl -q queue drain"},
      {"Delete a user's videos older than a year",
       "videoctl video list --user ada --until -365d -o id | videoctl -q video delete -"},
  };
  return all;
}

std::string overview(const CLI::App& app) {
  std::string out =
      "videoctl: manage the users, videos and comments of a video server\n\n"
      "usage: videoctl NOUN VERB [ARGUMENTS] [--flags]\n\nNouns:\n";
  for (const CLI::App* noun : visible(app))
    out += fmt::format("  {:<11} {}\n", noun->get_name(), noun->get_description());
  return out + std::string(examples);
}

void addHelp(Commands& commands) {
  auto version = commands.plain<NoWords>("version", "Print the version");
  version.givesOne<Version>();
  version.runs([](Caller& caller, NoWords&) {
    if (caller.out.isJson())
      caller.out.one([] { return Version{VIDEO_VERSION}; });
    else
      caller.out.text("videoctl " VIDEO_VERSION "\n");
    return 0;
  });

  auto help = commands.plain<Topic>("help", "Show help on a command or topic");
  help.several("TOPIC", &Topic::words,
               "a noun, a noun and a verb, or exit-codes, environment, formats, modes or values")
      ->required(false);
  help.runs([&app = commands.app()](Caller& caller, Topic& wanted) {
    if (wanted.words.empty()) {
      caller.out.text(overview(app));
      return 0;
    }
    if (const std::string_view text = topic(wanted.words[0]); !text.empty() && wanted.words.size() == 1) {
      caller.out.text(text);
      return 0;
    }
    const CLI::App* command = &app;
    for (const std::string& word : wanted.words) {
      const auto known = visible(*command);
      const auto found =
          std::find_if(known.begin(), known.end(), [&](const CLI::App* one) { return one->get_name() == word; });
      if (found == known.end())
        throw Usage(
            fmt::format("help: no command or topic {}; topics are exit-codes, environment, formats, modes, values "
                        "and the nouns",
                        fmt::join(wanted.words, " ")));
      command = *found;
    }
    caller.out.text(Commands::helpOf(*command));
    return 0;
  });
}

}  // namespace video::ctl
