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
  if (to.count() <= 0) throw Error(Fault::malformed, fmt::format("{}: must be longer than 0", name));
}

}  // namespace

void addFlags(CLI::App& app, Flags& flags) {
  const auto text = [&app](const char* names, std::string& to, const char* what, const char* doc) {
    app.add_option_function<std::string>(
           names,
           [&to, names](const std::string& value) {
             if (value.empty()) throw CLI::ValidationError(names, "must not be empty");
             to = value;
           },
           doc)
        ->type_name(what)
        ->group("Global flags");
  };
  const auto flag = [&app](const char* names, bool& to, const char* doc) {
    app.add_flag(names, to, doc)->group("Global flags");
  };
  text("--server", flags.server, "URL", "use the server at URL (VIDEOCTL_SERVER)");
  text("--context", flags.context, "NAME", "use a saved server; local means this machine (VIDEOCTL_CONTEXT)");
  text("--token-file", flags.tokenFile, "FILE",
       "read the token for --server from FILE (VIDEOCTL_TOKEN_FILE, VIDEOCTL_TOKEN)");
  text("--cacert", flags.caCertificate, "FILE", "trust the CA certificates in FILE (VIDEOCTL_CACERT)");
  flag("--allow-plain-http", flags.allowPlainHttp, "allow sending secrets to another machine over plain HTTP");
  flag("--direct", flags.direct, "work on the data directory itself, even if a daemon serves it");
  text("--data-dir", flags.dataDirectory, "DIR", "work on the data directory DIR itself (VIDEOD_DATA_DIR)");
  text("--config", flags.config, "FILE",
       "read the daemon's configuration from FILE (VIDEOD_CONFIG, default: /etc/videod.toml)");
  text("--as", flags.as, "USER", "act as USER; for the operator only");
  ctl::bind(app, "-o,--output", flags.output, "output format (VIDEOCTL_OUTPUT)", readFormat)->group("Global flags");
  ctl::bind(app, "--columns", flags.columns, "print only these columns, in this order; all of them, however wide",
            readColumns)
      ->type_name("A,B")
      ->group("Global flags");
  flag("--no-header", flags.noHeader, "omit the column names");
  flag("-0,--null", flags.nul, "items on standard input are separated by NUL, not newline");
  flag("-q,--quiet", flags.quiet, "print only errors");
  flag("--no-progress", flags.noProgress, "do not show progress");
  flag("-v,--verbose", flags.verbose, "show which mode is used (direct, socket or remote)");
  flag("--yes", flags.yes, "answer yes to every question");
  flag("--dry-run", flags.dryRun, "show what would be done, without changing anything; not all commands support it");
  flag("--no-input", flags.noInput, "never ask questions");
  flag("--fail-fast", flags.failFast, "stop at the first item that fails");
  ctl::bind(app, "--timeout", flags.timeout, "give up on a server after this long without progress (default: 30s)",
            readPatience)
      ->type_name("DURATION")
      ->group("Global flags");
  ctl::bind(app, "--lock-timeout", flags.lockTimeout, "wait this long for locks and busy servers (default: 10s)",
            [](std::string_view given, std::string_view name, std::optional<std::chrono::milliseconds>& to) {
              readPatience(given, name, to.emplace());
            })
      ->type_name("DURATION")
      ->group("Global flags");
}

void readEnvironment(Flags& flags) {
  if (flags.output) return;
  const auto output = fromEnvironment("VIDEOCTL_OUTPUT");
  if (!output) return;
  flags.output = valueOf<Format>(*output);
  if (!flags.output) throw Usage(fmt::format("VIDEOCTL_OUTPUT: {} is not one of table json ndjson tsv id", *output));
}

}  // namespace video::ctl
