#include <CLI/CLI.hpp>

#include "frame/command.hpp"
#include "frame/files.hpp"

namespace video::ctl {
namespace {

void readFormat(std::string_view text, std::string_view name, std::optional<Format>& to) {
  readValue(text, name, to.emplace());
}

void readColumns(std::string_view text, std::string_view, std::vector<std::string>& to) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    if (comma > start) to.emplace_back(text.substr(start, comma - start));
    start = comma + 1;
  }
}

void readPatience(std::string_view text, std::string_view name, std::chrono::milliseconds& to) {
  readValue(text, name, to);
  if (to.count() <= 0) throw Error(Fault::malformed, fmt::format("{}: must be longer than nothing", name));
}

}  // namespace

void addFlags(CLI::App& app, Flags& flags) {
  const auto text = [&app](const char* names, std::string& to, const char* what, const char* doc) {
    app.add_option_function<std::string>(
           names,
           [&to, names](const std::string& value) {
             if (value.empty()) throw CLI::ValidationError(names, "is empty");
             to = value;
           },
           doc)
        ->type_name(what)
        ->group("Everywhere");
  };
  const auto flag = [&app](const char* names, bool& to, const char* doc) {
    app.add_flag(names, to, doc)->group("Everywhere");
  };
  text("--server", flags.server, "URL", "go to this server (VIDEOCTL_SERVER)");
  text("--context", flags.context, "NAME",
       "go to the server of this context; local: to this machine (VIDEOCTL_CONTEXT)");
  text("--token-file", flags.tokenFile, "FILE", "what signs in to --server (VIDEOCTL_TOKEN_FILE, VIDEOCTL_TOKEN)");
  text("--cacert", flags.caCertificate, "FILE", "trust this certificate authority (VIDEOCTL_CACERT)");
  flag("--allow-plain-http", flags.allowPlainHttp, "let a secret go over plain http to another machine");
  flag("--direct", flags.direct, "work on the data directory itself, also where a daemon serves it");
  text("--data-dir", flags.dataDirectory, "DIR", "the data directory, directly (VIDEOD_DATA_DIR)");
  text("--config", flags.config, "FILE", "the daemon's configuration (VIDEOD_CONFIG, /etc/videod.toml)");
  text("--as", flags.as, "USER", "act as this user; for the operator only");
  ctl::bind(app, "-o,--output", flags.output, "how data is printed (VIDEOCTL_OUTPUT)", readFormat)->group("Everywhere");
  ctl::bind(app, "--columns", flags.columns, "these columns only, in this order", readColumns)
      ->type_name("A,B")
      ->group("Everywhere");
  flag("--no-header", flags.noHeader, "leave the line of column names out");
  flag("-0,--null", flags.nul, "a NUL ends each item of stdin, not a line end");
  flag("-q,--quiet", flags.quiet, "say nothing about what went well");
  flag("--no-progress", flags.noProgress, "draw no progress bar");
  flag("-v,--verbose", flags.verbose, "say which way was taken");
  flag("--yes", flags.yes, "yes to every question");
  flag("--dry-run", flags.dryRun, "say what would be done, and change nothing; where a command can");
  flag("--no-input", flags.noInput, "never ask");
  flag("--fail-fast", flags.failFast, "of several things, stop at the first that fails");
  ctl::bind(app, "--timeout", flags.timeout, "give a server up after this long without progress (30s)", readPatience)
      ->type_name("DURATION")
      ->group("Everywhere");
  ctl::bind(app, "--lock-timeout", flags.lockTimeout, "wait this long for others (10s)",
            [](std::string_view given, std::string_view name, std::optional<std::chrono::milliseconds>& to) {
              readPatience(given, name, to.emplace());
            })
      ->type_name("DURATION")
      ->group("Everywhere");
}

void readEnvironment(Flags& flags) {
  if (flags.output) return;
  const auto output = fromEnvironment("VIDEOCTL_OUTPUT");
  if (!output) return;
  flags.output = valueOf<Format>(*output);
  if (!flags.output) throw Usage(fmt::format("VIDEOCTL_OUTPUT: {} is none of table json ndjson tsv id", *output));
}

}  // namespace video::ctl
