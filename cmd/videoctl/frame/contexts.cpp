#include "frame/contexts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "os/descriptor.hpp"
#include "os/files.hpp"

namespace video::ctl {

Context* Contexts::find(std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Context& context) { return context.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Context& Contexts::get(std::string_view name) {
  if (Context* found = find(name)) return *found;
  throw Error(Fault::notFound, fmt::format("context {}: not found", name)).because(Reason::noSuchContext);
}

std::filesystem::path contextsPath() {
  if (const auto folder = fromEnvironment("XDG_CONFIG_HOME"))
    return std::filesystem::path(*folder) / "videoctl/contexts.toml";
  if (const auto home = fromEnvironment("HOME")) return std::filesystem::path(*home) / ".config/videoctl/contexts.toml";
  return {};
}

namespace {

Contexts parseContexts(const std::string& text, const std::filesystem::path& path) {
  Contexts contexts;
  try {
    const toml::table table = toml::parse(text, path.string());
    contexts.current = table["current"].value_or(std::string());
    if (const toml::table* named = table["context"].as_table())
      for (const auto& [name, value] : *named)
        if (const toml::table* fields = value.as_table())
          contexts.all.push_back({std::string(name.str()), (*fields)["server"].value_or(std::string()),
                                  (*fields)["token"].value_or(std::string()),
                                  (*fields)["user"].value_or(std::string())});
  } catch (const toml::parse_error& error) {
    throw Error(Fault::malformed,
                fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description()));
  }
  return contexts;
}

bool isSame(const Contexts& a, const Contexts& b) {
  if (a.current != b.current || a.all.size() != b.all.size()) return false;
  return std::all_of(a.all.begin(), a.all.end(), [&](const Context& one) {
    return std::any_of(b.all.begin(), b.all.end(), [&](const Context& other) {
      return one.name == other.name && one.server == other.server && one.token == other.token;
    });
  });
}

void saveContexts(const std::filesystem::path& path, const Contexts& contexts) {
  toml::table named;
  for (const Context& context : contexts.all) {
    toml::table fields{{"server", context.server}};
    if (!context.token.empty()) fields.insert("token", context.token);
    if (!context.token.empty() && !context.user.empty()) fields.insert("user", context.user);
    named.insert(context.name, std::move(fields));
  }
  toml::table table;
  if (!contexts.current.empty()) table.insert("current", contexts.current);
  table.insert("context", std::move(named));
  // Only strings in double quotes on one line: what a server has said cannot end them.
  std::ostringstream text;
  text << toml::toml_formatter{table, toml::format_flags::none} << '\n';
  bool isRead = false;
  try {
    isRead = isSame(parseContexts(text.str(), path), contexts);
  } catch (const Error&) {
    // Refused below.
  }
  if (!isRead) throw Error(Fault::malformed, fmt::format("{}: would not be read as it is written", path.string()));
  os::writeFile(os::systemFiles(), AT_FDCWD, replaceable(path), text.str(), 0600);
}

}  // namespace

Contexts loadContexts(const std::filesystem::path& path) {
  std::error_code absent;
  if (path.empty() || !std::filesystem::exists(path, absent)) return {};
  return parseContexts(readSecretFile(path), path);
}

void changeContexts(const std::filesystem::path& path, const std::function<void(Contexts&)>& change) {
  if (path.empty()) throw Error(Fault::unreachable, "contexts: no home directory: set HOME or XDG_CONFIG_HOME");
  const std::filesystem::path folder = path.parent_path();
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Error(Fault::internal, fmt::format("{}: {}", folder.string(), failed.message()));
  // The folder, since the file is replaced. A file system that locks no folders, such as NFS, is used without.
  const Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (lock && ::flock(lock.number(), LOCK_EX) != 0 && errno == EINTR) {
  }
  Contexts contexts = loadContexts(path);
  change(contexts);
  saveContexts(path, contexts);
}

}  // namespace video::ctl
