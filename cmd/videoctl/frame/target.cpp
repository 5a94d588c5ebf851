#include "frame/target.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "frame/command.hpp"
#include "frame/contexts.hpp"
#include "frame/files.hpp"
#include "os/descriptor.hpp"
#include "os/unix_address.hpp"

namespace video::ctl {
namespace {

// Whether a process listens there. If it does not answer, the first request will fail.
bool isServed(const std::filesystem::path& path) {
  const os::UnixAddress address(path);
  if (address.error() != 0) return false;
  const Descriptor end(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!end) return false;
  if (::connect(end.number(), address.get(), address.size()) == 0) return true;
  return errno == EAGAIN;
}

std::string hostOf(std::string_view url) {
  std::string_view rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return std::string(rest.substr(0, rest.find(':')));
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

// The token for --server; a context has its own.
std::string secretForServer(const Flags& flags) {
  const auto inFile = [](const std::string& file) {
    std::string token = trimmed(readSecretFile(file));
    if (token.empty()) throw Error(Fault::malformed, fmt::format("{}: is empty", file));
    return token;
  };
  if (!flags.tokenFile.empty()) return inFile(flags.tokenFile);
  if (const auto token = fromEnvironment("VIDEOCTL_TOKEN")) return trimmed(*token);
  if (const auto file = fromEnvironment("VIDEOCTL_TOKEN_FILE")) return inFile(*file);
  return {};
}

Target makeRemote(const Flags& flags, std::string_view url, const std::string& secret, const std::string& context) {
  if (!flags.as.empty()) throw Usage("--as: only for the operator; with a server you are the user who is signed in");
  Target target;
  target.kind = Target::Kind::remote;
  target.address = checkedUrl(url);
  target.context = context;
  if (!secret.empty()) {
    if (http::isExposed(target.address) && !flags.allowPlainHttp)
      throw Usage(
          fmt::format("{}: would send a token over plain HTTP: use https, or --allow-plain-http", target.address));
    target.by = Secret{secret};
  }
  target.client.url = target.address;
  target.client.caCertificate =
      flags.caCertificate.empty() ? fromEnvironment("VIDEOCTL_CACERT").value_or("") : flags.caCertificate;
  if (const auto& file = target.client.caCertificate; !file.empty())
    if (!Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC))) throwFileError(file, errno);
  target.client.timeout = flags.timeout;
  target.client.allowPlainHttp = flags.allowPlainHttp;
  target.client.lockTimeout = flags.lockTimeout.value_or(target.client.lockTimeout);
  return target;
}

Target remoteByContext(const Flags& flags, const Context& context) {
  if (!flags.tokenFile.empty() || fromEnvironment("VIDEOCTL_TOKEN") || fromEnvironment("VIDEOCTL_TOKEN_FILE"))
    throw Usage(fmt::format(
        "context {} has its own token: --token-file and VIDEOCTL_TOKEN(_FILE) only work with --server", context.name));
  return makeRemote(flags, context.server, context.token, context.name);
}

}  // namespace

std::string checkedUrl(std::string_view url) {
  std::string text(url);
  while (text.ends_with('/')) text.pop_back();
  const bool known = text.starts_with("http://") || text.starts_with("https://");
  if (!known || hostOf(text).empty() || text.find_first_of("?#@ ") != std::string::npos)
    throw Usage(fmt::format("{}: not a server URL such as https://example.org or http://127.0.0.1:8000", url));
  return text;
}

Target pickLocal(const Flags& flags, bool direct) {
  Target target;
  target.settings =
      findSettings(flags.config.empty() ? std::nullopt : std::optional<std::filesystem::path>(flags.config));
  target.origin = target.settings.origin();
  const std::filesystem::path configured = target.settings.dataDirectory;
  const auto folder = fromEnvironment("VIDEOD_DATA_DIR");
  if (!flags.dataDirectory.empty()) {
    target.settings.dataDirectory = flags.dataDirectory;
    target.origin = "--data-dir";
  } else if (folder) {
    target.settings.dataDirectory = *folder;
    target.origin = "VIDEOD_DATA_DIR";
  }
  if (flags.lockTimeout) target.settings.store.lockTimeout = *flags.lockTimeout;
  target.by = Operator{flags.as.empty() ? std::nullopt : std::optional(flags.as)};
  // The socket that is configured is of the data directory that is.
  const bool isConfigured = !target.settings.adminSocket.empty() && target.settings.dataDirectory == configured;
  target.socket = target.settings.dataDirectory / "videod.sock";
  if (isConfigured) target.socket = target.settings.adminSocket;
  target.address = target.settings.dataDirectory.string();
  if (direct || flags.direct || !flags.dataDirectory.empty() || folder) return target;
  return overSocket(target, flags).value_or(target);
}

std::optional<Target> overSocket(const Target& direct, const Flags& flags) {
  if (!isServed(direct.socket)) return std::nullopt;
  Target target = direct;
  target.kind = Target::Kind::socket;
  target.address = target.socket.string();
  target.client.socketPath = target.socket;
  target.client.timeout = flags.timeout;
  target.client.lockTimeout = flags.lockTimeout.value_or(target.client.lockTimeout);
  return target;
}

Target pickTarget(const Flags& flags) {
  const bool remote = !flags.server.empty() || !flags.context.empty();
  if (!flags.server.empty() && !flags.context.empty()) throw Usage("--server and --context: give only one of them");
  if (remote && flags.context != "local" && (flags.direct || !flags.dataDirectory.empty()))
    throw Usage("--server and --context cannot be combined with --direct or --data-dir");
  const bool local = flags.direct || !flags.dataDirectory.empty() || flags.context == "local";
  if (!flags.server.empty()) return makeRemote(flags, flags.server, secretForServer(flags), {});
  if (!local) {
    std::string name = flags.context;
    if (name.empty()) {
      const auto server = fromEnvironment("VIDEOCTL_SERVER");
      name = fromEnvironment("VIDEOCTL_CONTEXT").value_or("");
      if (server && !name.empty()) throw Usage("VIDEOCTL_SERVER and VIDEOCTL_CONTEXT: set only one of them");
      if (server) return makeRemote(flags, *server, secretForServer(flags), {});
    }
    if (!name.empty() && name != "local") {
      Contexts contexts = loadContexts(contextsPath());
      return remoteByContext(flags, contexts.get(name));
    }
    if (name.empty() && !fromEnvironment("VIDEOD_DATA_DIR")) {
      Contexts contexts = loadContexts(contextsPath());
      if (!contexts.current.empty()) return remoteByContext(flags, contexts.get(contexts.current));
    }
  }
  if (!flags.tokenFile.empty()) throw Usage("--token-file: only works with --server");
  return pickLocal(flags, false);
}

}  // namespace video::ctl
