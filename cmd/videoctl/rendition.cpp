#include <fcntl.h>

#include <cerrno>

#include "base/text.hpp"
#include "frame/command.hpp"
#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "renditions/fields.hpp"

namespace video::ctl {
namespace {

struct ThumbnailOf : RenditionsOf {
  std::string set;
  std::string to;
  bool remove = false;
  bool overwrite = false;
};

struct RenderVideos {
  std::vector<std::string> ids;
  bool force = false;
  bool picture = false;
};

struct ListRenditions : RenditionQuery {
  std::optional<VideoId> id;
};

// What became of a request to make a form.
Result resultOf(const Rendition& made, const std::string& id) {
  switch (made.state) {
    case RenditionState::ready: return {"ready", id, {}, {}};
    case RenditionState::unneeded: return {"unneeded", id, {}, "browsers play it as it is; --force makes one anyway"};
    case RenditionState::transcode:
      return {"skipped", id, {}, "it would have to be encoded, which media.transcode does not allow"};
    default: return {"queued", id, {}, {}};
  }
}

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
  if (isStandardOutput(wanted.to)) {
    const std::string bytes = readPicture(caller.toolkit().renditions().thumbnail(caller.by(), {wanted.id, {}}));
    caller.out.bytes(std::as_bytes(std::span(bytes)));
    return 0;
  }
  const Existing existing = wanted.overwrite ? Existing::replace : Existing::refuse;
  const std::filesystem::path to = wanted.to;
  std::error_code none;
  const bool folder = wanted.to.empty() || std::filesystem::is_directory(to, none);
  const FileOpener files(FileRights::write);
  std::optional<OutputFile> file;
  if (!folder) file.emplace(files, to, existing);
  return runBatch(caller, Items({wanted.id.text}), [&](const std::string& id) -> Result {
    const Content content = caller.toolkit().renditions().thumbnail(caller.by(), {VideoId{id}, {}});
    const std::string bytes = readPicture(content);
    const std::string stem = safeFileName(id);
    if (!file)
      file.emplace(files, to / fmt::format("{}.{}", stem, extensionOf(content)), to / (stem + ".part"), existing);
    file->clear();
    file->write(std::as_bytes(std::span(bytes)));
    file->finish();
    return {"downloaded", id, file->target().string(), {}};
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
  picture.flag("--overwrite", &ThumbnailOf::overwrite, "with --to: replace the file if it exists");
  picture.flag("--remove", &ThumbnailOf::remove,
               "remove the picture; after one that was set, one is made of the content");
  picture.givesResults();
  picture.runs(thumbnail);

  auto render = commands.verb<RenderVideos>(
      video, "render",
      "Make a form of videos that every browser plays, again if it was given up; the server needs ffmpeg");
  render.several("ID", &RenderVideos::ids, "videos; - reads one ID per line from standard input");
  render.flag("--force", &RenderVideos::force, "also if there is one, or if browsers play the video as it is");
  render.flag("--picture", &RenderVideos::picture, "a picture instead; one that was set stays");
  render.givesResults();
  render.runs([](Caller& caller, RenderVideos& wanted) {
    return runBatch(caller, Items(wanted.ids, caller.flags), [&](const std::string& id) -> Result {
      const RenderVideo one{VideoId{id}, wanted.force ? std::optional(true) : std::nullopt,
                            wanted.picture ? std::optional(RenditionForm::thumbnail) : std::nullopt};
      return resultOf(caller.toolkit().renditions().render(caller.by(), one), id);
    });
  });

  auto list = commands.verb<ListRenditions>(
      video, "renditions",
      "List the picture and the playable form of a video, and what is to be made; without ID, what was given up of all "
      "your videos, and for admins and the operator of all videos");
  list.option("ID", &ListRenditions::id, "ID of the video");
  list.option("--state", &ListRenditions::state, "without ID: waiting, transcode or dead; default: dead");
  list.option("--user", &ListRenditions::user)->type_name("USER");
  list.lists();
  list.givesList<Page<Rendition>>();
  list.runs([](Caller& caller, ListRenditions& wanted) {
    Renditions& renditions = caller.toolkit().renditions();
    if (wanted.id) {
      if (wanted.state || wanted.user) throw Usage("video renditions: --state and --user list all videos, without ID");
      caller.out.all(renditions.list(caller.by(), {*wanted.id}).items, "form,state,size,tries,error+");
      return 0;
    }
    caller.out.list(static_cast<RenditionQuery&>(wanted), "id,form,state,tries,error+",
                    [&](const RenditionQuery& query) { return renditions.listQueued(caller.by(), query); });
    return 0;
  });
}

}  // namespace video::ctl
