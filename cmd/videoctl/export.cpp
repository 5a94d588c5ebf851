#include <algorithm>
#include <filesystem>
#include <thread>

#include "exports/fields.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/folder_writer.hpp"
#include "frame/output_file.hpp"
#include "frame/progress.hpp"

namespace video::ctl {
namespace {

struct ExportUser : UserName {
  std::string to;
};

// Has an export prepared and returns it once it can be read.
Content readyExport(Caller& caller, const std::string& name) {
  constexpr std::chrono::milliseconds shortest{5};
  constexpr std::chrono::milliseconds longest{500};
  Exports& exports = caller.toolkit().exports();
  const Export started = exports.start(caller.by(), {name});
  for (auto pause = shortest;; pause = std::min(2 * pause, longest)) {
    Content content = exports.open(caller.by(), {started.userName, started.id});
    if (content.meta.type == exportType) return content;
    std::this_thread::sleep_for(pause);
  }
}

void copyExport(Caller& caller, const std::string& name, const ByteSink& sink) {
  const Content content = readyExport(caller, name);
  Progress progress(caller.flags, "export", true);
  std::int64_t done = 0;
  pushAll(content, "export", [&](std::span<const std::byte> bytes) {
    sink(bytes);
    progress.show(done += static_cast<std::int64_t>(bytes.size()), static_cast<std::int64_t>(content.meta.size));
  });
}

// Whether there is something that is neither a file nor a folder.
bool isOther(const std::string& path) {
  std::error_code none;
  const auto what = std::filesystem::status(path, none);
  return std::filesystem::is_fifo(what) || std::filesystem::is_character_file(what);
}

int exportUser(Caller& caller, ExportUser& wanted) {
  if (isStandardOutput(wanted.to)) {
    copyExport(caller, wanted.name, [&](std::span<const std::byte> bytes) {
      caller.out.bytes(bytes);
      if (!caller.out.isOpen()) throw ClosedOutput{};
    });
    return 0;
  }
  const bool isStream = ownDescriptorOf(wanted.to).has_value() || isOther(wanted.to);
  return runBatch(caller, Items({wanted.name}), [&](const std::string& name) -> Result {
    if (isStream) {  // a FIFO or device gets the archive
      const FileOpener files(FileRights::write);
      OutputFile file(files, wanted.to, Existing::refuse);
      copyExport(caller, name, [&](std::span<const std::byte> bytes) { file.write(bytes); });
      return {"exported", name, wanted.to, {}};
    }
    FolderWriter folder(wanted.to);  // before the toolkit: in direct mode root then becomes the owner of the data
    copyExport(caller, name, [&](std::span<const std::byte> bytes) { folder.write(bytes); });
    folder.finish();
    return {"exported", name, wanted.to, {}};
  });
}

}  // namespace

void addUserExport(Commands& commands, CLI::App& user) {
  auto verb = commands.verb<ExportUser>(
      user, "export", "Export all data of a user: the account, videos, comments, reports, sessions, tokens and links");
  verb.option("NAME", &ExportUser::name)->required();
  verb.option("DIR", &ExportUser::to, "folder to create; - (standard output), a FIFO or a device gets a tar archive")
      ->required();
  verb.givesResults();
  verb.runs(exportUser);
}

}  // namespace video::ctl
