#include "docs/generate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "frame/files.hpp"
#include "http/routing/router.hpp"
#include "os/descriptor.hpp"

namespace video::ctl {
namespace {

struct Generate {
  std::string tree;
  bool commands = false;
};

struct Shell {
  std::string name;
};

std::string pretty(const std::string& json) {
  return nlohmann::ordered_json::parse(json).dump(2) + '\n';
}

// The OpenAPI document of all routes. The toolkit behind the routes needs a data directory, so it gets an empty one.
std::string openApiOfAll() {
  std::string folder = (std::filesystem::temp_directory_path() / "videoctl-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throwFileError(folder, errno);
  Settings settings;
  settings.dataDirectory = folder;
  settings.store.freeSpaceFloor = 0;
  std::string document;
  {
    const auto toolkit = openLocal(settings, "--data-dir", true);
    http::Router router;
    serve(router, *toolkit, settings.cookies);
    document = openApi(router);
  }
  std::filesystem::remove_all(folder);
  return document;
}

void save(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) throwFileError(path, errno);
  writeFile(file.number(), std::as_bytes(std::span(text)), path);
}

// Calls `visit(path, command)` for every command; `path` is its words joined by `-`.
template <class Visit>
void forEachCommand(const CLI::App& app, const Visit& visit, const std::string& before = {}) {
  for (const CLI::App* one : visible(app)) {
    if (visible(*one).empty()) visit(before + one->get_name(), *one);
    forEachCommand(*one, visit, before + one->get_name() + '-');
  }
}

int generate(Caller& caller, const Commands& commands, const Generate& wanted) {
  if (wanted.commands) {
    forEachCommand(commands.app(), [&](const std::string& path, const CLI::App& command) {
      caller.out.text(path + '\t' + (commands.schemaOf(command).empty() ? "text" : "json") + '\n');
    });
    return 0;
  }
  // The generated folders are replaced as a whole: make sure that this is the source tree, not an install prefix.
  const std::filesystem::path tree = wanted.tree;
  std::ifstream project(tree / "CMakeLists.txt");
  const std::string build(std::istreambuf_iterator<char>(project), {});
  if (build.find("project(videod ") == std::string::npos)
    throw Error(Fault::notFound, fmt::format("generate: {}: not the source tree of videod", tree.string()));
  std::ifstream file(tree / "etc/videod.toml");
  const std::string configuration(std::istreambuf_iterator<char>(file), {});
  if (configuration.empty()) throw Error(Fault::notFound, "generate: no etc/videod.toml there; give the source tree");
  std::vector<Made> made = manualPages(commands, configuration);
  made.push_back({"completions/videoctl.bash", std::string(completionScript("bash"))});
  made.push_back({"completions/_videoctl", std::string(completionScript("zsh"))});
  made.push_back({"completions/videoctl.fish", std::string(completionScript("fish"))});
  made.push_back({"share/openapi.json", pretty(openApiOfAll())});
  forEachCommand(commands.app(), [&](const std::string& path, const CLI::App& command) {
    if (const std::string schema = commands.schemaOf(command); !schema.empty())
      made.push_back({fmt::format("share/schema/{}.json", path), pretty(schema)});
  });
  for (const char* folder : {"man", "completions", "share/schema"}) std::filesystem::remove_all(tree / folder);
  for (const Made& one : made) save(tree / one.path, one.text);
  caller.report(fmt::format("wrote {} files", made.size()));
  return 0;
}

}  // namespace

std::vector<CLI::App*> visible(const CLI::App& app) {
  std::vector<CLI::App*> found;
  for (CLI::App* one : const_cast<CLI::App&>(app).get_subcommands([](CLI::App*) { return true; }))
    if (!one->get_group().empty()) found.push_back(one);
  return found;
}

bool takesValue(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

void addGenerate(Commands& commands) {
  auto script = commands.plain<Shell>("completion", "Print the completion script for bash, zsh or fish");
  script.option("SHELL", &Shell::name, "bash, zsh or fish")->required();
  script.runs([](Caller& caller, Shell& wanted) {
    const std::string_view text = completionScript(wanted.name);
    if (text.empty())
      throw Usage(fmt::format("completion: no script for {}; shells are bash, zsh and fish", wanted.name));
    caller.out.text(text);
    return 0;
  });

  auto made = commands.plain<Generate>("generate", "Write manuals, completions and schemas into the source tree");
  made.option("DIR", &Generate::tree, "the source tree; default: the current directory");
  made.flag("--commands", &Generate::commands, "instead list all commands, and whether they write JSON");
  made.runs([&commands](Caller& caller, Generate& wanted) { return generate(caller, commands, wanted); });
}

}  // namespace video::ctl
