#include <fcntl.h>

#include <cerrno>

#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "renditions/fields.hpp"

namespace video::ctl {
namespace {

struct ThumbnailOf : RenditionsOf {
  std::string set;
  std::string to;
  bool remove = false;
};

struct RenderVideos {
  std::vector<std::string> ids;
  bool force = false;
};

int setThumbnail(Caller& caller, const ThumbnailOf& wanted) {
  Descriptor file;
  if (wanted.set == "-")
    file = Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  else
    file = FileOpener().open(wanted.set);
  if (!file) throwFileError("standard input", errno);
  const ByteSource picture = sourceOf(file, wanted.set);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    caller.toolkit().renditions().setThumbnail(caller.by(), {VideoId{id}}, picture);
    return {"set", id, wanted.set, {}};
  });
}

// The picture is at most as large as one that can be set, so it is read at once.
std::string readPicture(const Content& content) {
  std::string bytes;
  std::vector<std::byte> piece(64 * 1024);
  while (const std::size_t count = content.reader->read(bytes.size(), piece))
    bytes.append(reinterpret_cast<const char*>(piece.data()), count);
  return bytes;
}

std::string extensionOf(const Content& content) {
  const std::string kind = content.meta.type.substr(content.meta.type.find('/') + 1);
  return kind == "jpeg" ? "jpg" : kind;
}

int getThumbnail(Caller& caller, const ThumbnailOf& wanted) {
  if (wanted.to == "-") {
    const std::string bytes = readPicture(caller.toolkit().renditions().thumbnail(caller.by(), {wanted.id, {}}));
    caller.out.bytes(std::as_bytes(std::span(bytes)));
    return 0;
  }
  std::error_code none;
  const std::filesystem::path to = wanted.to;
  const bool folder = wanted.to.empty() || std::filesystem::is_directory(to, none);
  const std::string stem = safeFileName(wanted.id.text);
  PartFile part(folder ? to / (stem + ".part") : std::filesystem::path(wanted.to + ".part"));
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    const Content content = caller.toolkit().renditions().thumbnail(caller.by(), {VideoId{id}, {}});
    const std::string bytes = readPicture(content);
    const std::filesystem::path target = folder ? to / fmt::format("{}.{}", stem, extensionOf(content)) : to;
    part.clear();
    writeFile(part.descriptor(), std::as_bytes(std::span(bytes)), part.path());
    part.place(target, folder);
    return {"downloaded", id, target.string(), {}};
  });
}

int thumbnail(Caller& caller, ThumbnailOf& wanted) {
  const int actions = (wanted.set.empty() ? 0 : 1) + (wanted.to.empty() ? 0 : 1) + (wanted.remove ? 1 : 0);
  if (actions > 1) throw Usage("video thumbnail: --set, --to and --remove cannot be combined");
  if (!wanted.set.empty()) return setThumbnail(caller, wanted);
  if (!wanted.remove) return getThumbnail(caller, wanted);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    caller.toolkit().renditions().removeThumbnail(caller.by(), {VideoId{id}});
    return {"removed", id, {}, {}};
  });
}

}  // namespace

void addRenditions(Commands& commands, CLI::App& video) {
  auto picture = commands.verb<ThumbnailOf>(video, "thumbnail", "Download, set or remove the picture of a video");
  picture.option("ID", &ThumbnailOf::id)->required();
  picture
      .option("--set", &ThumbnailOf::set,
              "set this picture: JPEG, PNG or WebP, at most 512 KiB; - reads standard input")
      ->type_name("FILE");
  picture
      .option("--to", &ThumbnailOf::to,
              "file or folder to write to, - for standard output; default: the video's ID in the current folder")
      ->type_name("FILE");
  picture.flag("--remove", &ThumbnailOf::remove,
               "remove the picture; after one that was set, one is made of the content");
  picture.givesResults();
  picture.runs(thumbnail);

  auto render = commands.verb<RenderVideos>(
      video, "render", "Have a form of videos made that every browser plays; the server needs ffmpeg");
  render.several("ID", &RenderVideos::ids, "videos; - reads one ID per line from standard input");
  render.flag("--force", &RenderVideos::force, "also if there is one, or if browsers play the video as it is");
  render.givesResults();
  render.runs([](Caller& caller, RenderVideos& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      const RenderVideo one{VideoId{id}, wanted.force ? std::optional(true) : std::nullopt};
      const Rendition made = caller.toolkit().renditions().render(caller.by(), one);
      return {made.state == RenditionState::ready ? "ready" : "queued", id, {}, {}};
    });
  });

  auto list = commands.verb<RenditionsOf>(video, "renditions",
                                          "List the picture and the playable form of a video, and what is to be made");
  list.option("ID", &RenditionsOf::id)->required();
  list.givesList<Page<Rendition>>();
  list.runs([](Caller& caller, RenditionsOf& wanted) {
    caller.out.all(caller.toolkit().renditions().list(caller.by(), wanted).items);
    return 0;
  });
}

}  // namespace video::ctl
