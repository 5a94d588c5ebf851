#include "docs/generate.hpp"

namespace video::ctl {

struct Version {
  std::string version;
};

}  // namespace video::ctl

namespace video {
template <>
struct Fields<ctl::Version> {
  static constexpr std::tuple list{Field{"version", &ctl::Version::version, "of this program"}};
};
}  // namespace video

namespace video::ctl {
namespace {

struct Topic {
  std::string name;
};

constexpr std::string_view examples =
    R"(
Examples:
  videoctl user add ada                                   make a user, asking for the password
  videoctl video upload holiday.mp4 --user ada            add a video
  videoctl --server https://example.org session login ada sign in to a server

More: videoctl NOUN --help, videoctl NOUN VERB --help, videoctl help exit-codes|environment|formats|ways
)";

constexpr std::string_view exitCodes =
    R"(0    done; an empty stdin; a closed pipe
1    failed otherwise
2    the command line is wrong
3    of several things (or -) some or all failed
4    not found
5    exists already, or in the wrong state
6    not signed in, or not allowed
7    input refused: malformed, too large, over quota, wrong type
8    the server or data directory cannot be reached, or does not answer within --timeout
9    busy: locked for --lock-timeout, rate limited, stopping; try again
10   a check found problems
11   no space
12   the version of the database or of the server does not match
130  interrupted by Ctrl-C (143: by SIGTERM); nothing half-done is left

One named thing gives its own status. Of several, what would fail them all (not signed in, 8, 9, 11, 12) ends the
command with its own. 8 and 9 are worth trying again.
)";

constexpr std::string_view environment =
    R"(VIDEOCTL_SERVER      --server
VIDEOCTL_CONTEXT     --context
VIDEOCTL_TOKEN       a token or session id, for --server or VIDEOCTL_SERVER only
VIDEOCTL_TOKEN_FILE  --token-file
VIDEOCTL_CACERT      --cacert
VIDEOCTL_OUTPUT      --output
VIDEOD_CONFIG        --config
VIDEOD_DATA_DIR      --data-dir
XDG_CONFIG_HOME      videoctl/contexts.toml is below it, else below ~/.config

A flag comes before the environment, that before the context in use, that before the configuration file.
)";

constexpr std::string_view formats =
    R"(table   for people; what a terminal gets
tsv     a line of column names, then a line each; \t \n \\ stand for tab, line end and backslash; what a pipe gets
json    one document; a list is {"videos":[...]}
ndjson  a JSON object a line, as they come
id      ids alone, one a line

--columns a,b picks and orders the columns of table and tsv, --no-header leaves their names out. Data goes to stdout,
all else to stderr; with json and ndjson an error is there as a JSON object too. JSON is UTF-8: of a file's name that is
not, each wrong byte is shown as U+FFFD; tsv has the bytes as they are.
)";

constexpr std::string_view threeWays =
    R"(remote  with --server, VIDEOCTL_SERVER or a context: over HTTP, as who the token or session is
socket  else, where the daemon of the data directory answers on its socket there: as the operator
direct  else, or with --direct, --data-dir or VIDEOD_DATA_DIR: on the data directory itself, as the operator, who is
        root or the directory's owner; needs no daemon and is safe beside a running one

-v says which way was taken. --as USER lets the operator act as a user. A server that was asked for and does not answer
is exit status 8: there is no other way then.
)";

}  // namespace

std::string_view topic(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> topics{
      {{"exit-codes", exitCodes}, {"environment", environment}, {"formats", formats}, {"ways", threeWays}}};
  for (const auto& [known, text] : topics)
    if (known == name) return text;
  return {};
}

const std::vector<Example>& recipes() {
  static const std::vector<Example> all{
      {"Every night, what is new in a folder, by content; silent unless something failed",
       "videoctl -q video upload /srv/incoming --recursive --skip-existing --min-age 5m --user ada"},
      {"How full each user's room is",
       R"(videoctl user list -o json | jq -r '.users[] | select(.bytes_quota > 0)
  | "\(.user_name) \(.bytes_used * 100 / .bytes_quota | floor) %"')"},
      {"Tokens that end within two weeks",
       R"sh(videoctl token list -o json | jq -r --arg soon "$(date -u -d '+14 days' +%FT%TZ)" \
  '.tokens[] | select(.expires != null and .expires < $soon) | .user_name + " " + .label')sh"},
      {"Purge what is due, from cron where no daemon does; 3 where some failed, 9 where others hold some",
       "videoctl -q queue drain"},
      {"Delete everything of a user that is older than a year",
       "videoctl video list --user ada --until -365d -o id | videoctl -q video delete -"},
  };
  return all;
}

std::string overview(const CLI::App& app) {
  std::string out =
      "videoctl: works on the users, videos and comments of a video server\n\n"
      "usage: videoctl NOUN VERB [ARGUMENTS] [--flags]\n\nNouns:\n";
  for (const CLI::App* noun : visible(app))
    out += fmt::format("  {:<9} {}\n", noun->get_name(), noun->get_description());
  return out + std::string(examples);
}

void addHelp(Commands& commands) {
  auto version = commands.plain<NoWords>("version", "The version of this program");
  version.givesOne<Version>();
  version.runs([](Caller& caller, NoWords&) {
    if (caller.out.isJson())
      caller.out.one([] { return Version{VIDEO_VERSION}; });
    else
      caller.out.text("videoctl " VIDEO_VERSION "\n");
    return 0;
  });

  auto help = commands.plain<Topic>("help", "This, or about exit-codes, environment, formats or ways");
  help.option("TOPIC", &Topic::name, "exit-codes, environment, formats, ways, or a noun");
  help.runs([&app = commands.app()](Caller& caller, Topic& wanted) {
    if (wanted.name.empty()) {
      caller.out.text(overview(app));
      return 0;
    }
    if (const std::string_view text = topic(wanted.name); !text.empty()) {
      caller.out.text(text);
      return 0;
    }
    for (const CLI::App* noun : visible(app)) {
      if (noun->get_name() != wanted.name) continue;
      caller.out.text(Commands::helpOf(*noun));
      return 0;
    }
    throw Usage(fmt::format(
        "help: there is nothing about {}; there is exit-codes, environment, formats, ways and the nouns", wanted.name));
  });
}

}  // namespace video::ctl
