// Pictures of videos and their playable forms, local and remote.
#include <fcntl.h>
#include <httplib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fstream>

#include "bait.hpp"
#include "catch.hpp"
#include "contract/programs.hpp"
#include "contract/renditions.hpp"
#include "media/ffmpeg.hpp"
#include "media/picture.hpp"
#include "os/locks.hpp"
#include "quiet_log.hpp"
#include "renditions/fields.hpp"
#include "schedule/alarm.hpp"
#include "schedule/schedule.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

TEST_CASE("the owner sets, replaces and removes the picture of a video, and who may see the video gets it") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId id = site.video(ada, "ada", "x");
  Renditions& renditions = site.at(ada).renditions();
  requireFault([&] { renditions.thumbnail(ada, {id, {}}); }, Fault::notFound, "has no picture");
  CHECK_FALSE(shown(site, id).thumbnail);
  const auto used = [&] { return site.at(ada).users().show(ada, {"ada"}).bytesUsed; };
  const std::int64_t before = used();

  renditions.setThumbnail(ada, {id}, sourceOf(picture(1)));
  const Content content = site.at(Anonymous{}).renditions().thumbnail(Anonymous{}, {id, {}});
  CHECK(readAll(content) == picture(1));
  CHECK(content.meta.type == "image/png");
  CHECK(content.meta.etag.size() == 34);
  const std::string first = shown(site, id).thumbnail.value_or("");
  CHECK(first.starts_with("/videos/" + id.text + "/thumbnail?v="));
  CHECK(used() == before + static_cast<std::int64_t>(picture(1).size()));
  CHECK(renditionOf(site, id, RenditionForm::thumbnail)->state == RenditionState::ready);

  renditions.setThumbnail(ada, {id}, sourceOf(picture(22)));
  CHECK(readAll(site.at(bob).renditions().thumbnail(bob, {id, {}})) == picture(22));
  CHECK(shown(site, id).thumbnail != first);
  CHECK(used() == before + static_cast<std::int64_t>(picture(22).size()));
  CHECK(derivedFiles(site) == 1);

  SetVideo hidden;
  hidden.id = id;
  hidden.visibility = Visibility::private_;
  site.at(ada).videos().set(ada, hidden);
  requireFault([&] { site.at(bob).renditions().thumbnail(bob, {id, {}}); }, Fault::notFound);
  requireFault([&] { site.at(Anonymous{}).renditions().thumbnail(Anonymous{}, {id, {}}); }, Fault::notFound);
  CHECK_NOTHROW(renditions.thumbnail(ada, {id, {}}));
  NewShare share;
  share.video = id;
  share.expires = systemClock().now() + 1h;
  const std::string url = site.at(ada).shares().create(ada, share).url;
  const auto part = [&](const std::string& name) {
    const std::size_t at = url.find(name) + name.size();
    return url.substr(at, url.find('&', at) - at);
  };
  const Credential link = SignedLink{part("share="), part("exp="), part("sig=")};
  CHECK(readAll(site.at(link).renditions().thumbnail(link, {id, {}})) == picture(22));
  requireFault([&] { site.at(bob).renditions().setThumbnail(bob, {id}, sourceOf(picture())); }, Fault::notFound);

  renditions.removeThumbnail(ada, {id});
  requireFault([&] { renditions.thumbnail(ada, {id, {}}); }, Fault::notFound);
  requireFault([&] { renditions.removeThumbnail(ada, {id}); }, Fault::notFound);
  CHECK(renditionOf(site, id, RenditionForm::thumbnail)->state == RenditionState::waiting);
  CHECK(used() == before);
  CHECK(derivedFiles(site) == 0);
}

TEST_CASE("what is not a picture, too large, or beyond the quota is refused and keeps the picture before") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  Renditions& renditions = site.at(ada).renditions();
  renditions.setThumbnail(ada, {id}, sourceOf(picture(1)));
  const auto refused = [&](std::string bytes, Fault fault) {
    requireFault([&] { renditions.setThumbnail(ada, {id}, sourceOf(bytes)); }, fault, "picture");
  };
  refused("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", Fault::unsupportedMediaType);
  refused("GIF89a" + std::string(100, 'x'), Fault::unsupportedMediaType);
  refused(movie(), Fault::unsupportedMediaType);
  refused("", Fault::unsupportedMediaType);
  refused(picture() + std::string(512 * 1024, 'x'), Fault::tooLarge);
  std::string wide = picture();
  wide[18] = '\x10';
  wide[19] = '\x01';
  refused(wide, Fault::unsupportedMediaType);
  ByteSource unknown = sourceOf(picture() + std::string(600 * 1024, 'x'));
  unknown.size.reset();
  requireFault([&] { renditions.setThumbnail(ada, {id}, unknown); }, Fault::tooLarge);

  ChangeUser change;
  change.name = "ada";
  change.ownQuota = site.at(ada).users().show(ada, {"ada"}).bytesUsed;
  site.at(Operator{}).users().change(Operator{}, change);
  requireFault([&] { renditions.setThumbnail(ada, {id}, sourceOf(picture(22) + "longer")); }, Fault::overQuota);
  CHECK_NOTHROW(renditions.setThumbnail(ada, {id}, sourceOf(picture(2))));  // of the same size
  CHECK(readAll(renditions.thumbnail(ada, {id, {}})) == picture(2));
  CHECK(derivedFiles(site) == 1);
  site.at(Operator{}).videos().block(Operator{}, {id, "x"});
  requireFault([&] { renditions.setThumbnail(ada, {id}, sourceOf(picture(3))); }, Fault::conflict, "blocked");
}

TEST_CASE("a picture that was set stays when the content is replaced, goes with the video, and is in the export") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.at(ada).videos().add(ada, {"ada", "x"}).id;
  site.at(ada).renditions().setThumbnail(ada, {id}, sourceOf(picture(1)));  // before the upload
  for (const int seed : {1, 2}) site.at(ada).uploads().put(ada, {id, {}}, sourceOf(movie(3000, seed)));
  CHECK(readAll(site.at(ada).renditions().thumbnail(ada, {id, {}})) == picture(1));
  CHECK_FALSE(renditionOf(site, id, RenditionForm::thumbnail)->error);

  const Export exported = site.at(ada).exports().start(ada, {"ada"});
  waitFor("the export is ready", [&] {
    return site.at(ada).exports().open(ada, {"ada", exported.id}).meta.type == exportType;
  });
  const std::string archive = readAll(site.at(ada).exports().open(ada, {"ada", exported.id}), 100'000);
  CHECK(archive.find("ada/videos/x.thumbnail.png") != std::string::npos);
  CHECK(archive.find(picture(1)) != std::string::npos);

  RemoveVideo now;
  now.id = id;
  site.at(ada).videos().remove(ada, now);
  const auto all = static_cast<std::int64_t>(3000 + picture(1).size());
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesTrash == all);
  site.at(ada).videos().restore(ada, {id, {}});
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesTrash == 0);
  now.now = true;
  site.at(ada).videos().remove(ada, now);
  site.at(Operator{}).deletions().drain(Operator{}, {});
  CHECK(soon([&] { return fs::is_empty(site.data() / "derived"); }));
  CHECK(soon([&] { return site.at(ada).users().show(ada, {"ada"}).bytesUsed == 0; }));
}

TEST_CASE("a picture whose version is named may be kept, and every page may read it") {
  Site site(Way::remote, idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  site.at(ada).renditions().setThumbnail(ada, {id}, sourceOf(picture(1)));
  httplib::Client client(site.url());
  const auto named = client.Get(shown(site, id).thumbnail.value());
  REQUIRE(named);
  CHECK(named->status == 200);
  CHECK(named->body == picture(1));
  CHECK(named->get_header_value("Cache-Control") == "private, max-age=31536000, immutable");
  CHECK(named->get_header_value("Content-Type") == "image/png");
  CHECK(named->get_header_value("X-Content-Type-Options") == "nosniff");
  const auto any =
      client.Get("/videos/" + id.text + "/thumbnail?v=0123456789abcdef", {{"Origin", "https://a.example"}});
  REQUIRE(any);
  CHECK(any->status == 200);
  CHECK(any->get_header_value("Cache-Control") == "no-cache");
  CHECK(any->get_header_value("Access-Control-Allow-Origin") == "*");
  CHECK(client.Get("/videos/" + id.text + "/thumbnail", {{"If-None-Match", any->get_header_value("ETag")}})->status ==
        304);
  // Who may see it now may not for ever.
  SetVideo hidden;
  hidden.id = id;
  hidden.visibility = Visibility::private_;
  site.at(ada).videos().set(ada, hidden);
  const auto own = client.Get(shown(site, id).thumbnail.value(), {{"X-Session-Id", std::get<Secret>(ada).text}});
  REQUIRE(own);
  CHECK(own->status == 200);
  CHECK(own->get_header_value("Cache-Control") == "private, no-cache");
}

TEST_CASE("files in derived/ that belong to nothing are swept, and what is lost there is made again") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  site.at(ada).renditions().setThumbnail(ada, {id}, sourceOf(picture(1)));
  const fs::path own = site.data() / "derived" / id.text;
  const auto write = [](const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "left";
    return Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  };
  write(own / "play-0.mp4.new");
  write(own / "thumbnail-0.jpg");
  write(site.data() / "derived/nothing/play-0.mp4");
  const Descriptor begun = write(own / "play-1.mp4.new");
  REQUIRE(os::tryLock(begun.number(), LOCK_EX));
  // The first run of `renditions` in a process removes what a process before it left; the other removes it at any time.
  for (const std::string task : {"renditions", "orphan-sweep"}) {
    CAPTURE(task);
    run(site, task);
    CHECK(derivedFiles(site) == 2);
    CHECK(fs::exists(own / "play-1.mp4.new"));
    CHECK_FALSE(fs::exists(site.data() / "derived/nothing"));
    CHECK(readAll(site.at(ada).renditions().thumbnail(ada, {id, {}})) == picture(1));
    write(own / "play-0.mp4");
    write(site.data() / "derived/nothing/play-0.mp4");
  }
  fs::remove_all(own);
  requireFault([&] { site.at(ada).renditions().thumbnail(ada, {id, {}}); }, Fault::notFound);
  CHECK_FALSE(shown(site, id).thumbnail);
  CHECK(renditionOf(site, id, RenditionForm::thumbnail)->state == RenditionState::waiting);
}

TEST_CASE("the task thumbnails makes a picture of the content, anew when it is replaced") {
  if (!hasFfmpeg()) return;
  const QuietLog quiet;
  Site site(GENERATE(eachWay()), withFfmpeg);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x", fileMade("a.mp4", "-c:v libx264 -pix_fmt yuv420p"));
  const VideoId broken = site.video(ada, "ada", "y");
  const std::int64_t before = site.at(ada).users().show(ada, {"ada"}).bytesUsed;
  run(site, "thumbnails");
  const std::string first = shown(site, id).thumbnail.value_or("");
  const auto made = media::readPicture(readAll(site.at(ada).renditions().thumbnail(ada, {id, {}})));
  REQUIRE(made);
  CHECK(made->width == 320);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == before);
  CHECK(renditionOf(site, broken, RenditionForm::thumbnail)->tries == 1);
  CHECK(renditionOf(site, broken, RenditionForm::thumbnail)->error);
  waitFor("the other has been given up", [&] {
    run(site, "thumbnails");
    return renditionOf(site, broken, RenditionForm::thumbnail)->state == RenditionState::dead;
  });
  CHECK(renditionOf(site, broken, RenditionForm::thumbnail)->tries == 3);

  site.at(ada).uploads().put(ada, {id, {}}, sourceOf(fileMade("a.webm", "-vf negate -c:v libvpx")));
  CHECK_FALSE(shown(site, id).thumbnail);
  run(site, "thumbnails");
  CHECK(shown(site, id).thumbnail.value_or(first) != first);
  // An automatic one that was removed is not made again.
  site.at(ada).renditions().removeThumbnail(ada, {id});
  run(site, "thumbnails");
  CHECK_FALSE(shown(site, id).thumbnail);
  CHECK_FALSE(renditionOf(site, id, RenditionForm::thumbnail));
}

TEST_CASE("the task renditions makes a form that browsers play, of what they cannot play") {
  if (!hasFfmpeg()) return;
  Site site(GENERATE(eachWay()), withFfmpeg);
  const Credential ada = site.user("ada");
  const std::string original = fileMade("a.mkv", "-c:v libx264 -pix_fmt yuv420p");
  const VideoId id = site.video(ada, "ada", "x", original);
  const VideoId hevc = site.video(ada, "ada", "y", fileMade("a.mkv", "-c:v libx265 -x265-params log-level=0"));
  const VideoId webm = site.video(ada, "ada", "z", fileMade("a.webm", "-c:v libvpx"));
  const std::int64_t before = site.at(ada).users().show(ada, {"ada"}).bytesUsed;
  requireFault([&] { site.at(ada).videos().open(ada, {id, {}, VideoForm::play}); }, Fault::notFound, "playable form");
  CHECK(site.at(ada).renditions().render(ada, {id, {}}).state == RenditionState::waiting);
  run(site, "renditions");

  CHECK(shown(site, id).play == "/videos/" + id.text + "?form=play");
  const Content play = site.at(Anonymous{}).videos().open(Anonymous{}, {id, {}, VideoForm::play});
  CHECK(play.meta.type == "video/mp4");
  CHECK(play.meta.etag != site.at(ada).videos().open(ada, {id, {}}).meta.etag);
  CHECK(play.meta.name == "x.mp4");
  CHECK(readAll(play, 10'000).substr(4, 4) == "ftyp");
  CHECK(readAll(site.at(ada).videos().open(ada, {id, {}}), 10'000) == original);
  CHECK(readAll(site.at(ada).videos().open(ada, {id, {}, VideoForm::original}), 10'000) == original);
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == before);
  CHECK(renditionOf(site, id, RenditionForm::play)->size == static_cast<std::int64_t>(play.meta.size));
  CHECK(renditionOf(site, hevc, RenditionForm::play)->state == RenditionState::transcode);
  CHECK_FALSE(shown(site, webm).play);
  CHECK_FALSE(renditionOf(site, webm, RenditionForm::play));
  CHECK(site.at(ada).renditions().render(ada, {id, {}}).state == RenditionState::ready);
  CHECK(site.at(ada).renditions().render(ada, {webm, {}}).state == RenditionState::unneeded);
  CHECK(site.at(ada).renditions().render(ada, {hevc, {}}).state == RenditionState::transcode);
  CHECK_FALSE(renditionOf(site, webm, RenditionForm::play));
  CHECK(derivedFiles(site) == 1);

  site.at(ada).renditions().render(ada, {webm, true});
  run(site, "renditions");
  CHECK(renditionOf(site, webm, RenditionForm::play)->state == RenditionState::transcode);  // VP8 is not for MP4
  site.at(ada).uploads().put(ada, {id, {}}, sourceOf(movie()));
  CHECK_FALSE(shown(site, id).play);
  requireFault([&] { site.at(ada).videos().open(ada, {id, {}, VideoForm::play}); }, Fault::notFound);
}

TEST_CASE("with media.transcode = h264, what cannot be copied is encoded") {
  if (!hasFfmpeg()) return;
  Site site(Way::local, [](Settings& settings) {
    withFfmpeg(settings);
    settings.renditions.transcode = TranscodeMode::h264;
    settings.renditions.maxHeight = 120;
  });
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x", fileMade("a.mkv", "-c:v libx265 -x265-params log-level=0"));
  run(site, "renditions");
  REQUIRE(shown(site, id).play);
  CHECK(readAll(site.at(ada).videos().open(ada, {id, {}, VideoForm::play}), 10'000).find("avc1") != std::string::npos);
}

TEST_CASE("without ffmpeg the tasks leave the queue as it is, and render says so") {
  Site site(GENERATE(eachWay()), idle);
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  run(site, "thumbnails");
  run(site, "renditions");
  CHECK(renditionOf(site, id, RenditionForm::thumbnail)->tries == 0);
  CHECK(renditionOf(site, id, RenditionForm::play)->state == RenditionState::waiting);
  requireFault([&] { site.at(ada).renditions().render(ada, {id, {}}); }, Fault::conflict, "ffmpeg is not installed");
}

TEST_CASE("a damaged video, of which ffmpeg can read only a part, gets no playable form") {
  if (!hasFfmpeg()) return;
  const QuietLog quiet;
  Site site(Way::local, withFfmpeg);
  const Credential ada = site.user("ada");
  std::string damaged = fileMade("a.mkv", "-t 10 -vf loop=-1:10 -c:v libx264 -pix_fmt yuv420p");
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(damaged.size() / 3), damaged.end(), '\0');
  const VideoId id = site.video(ada, "ada", "x", damaged);
  REQUIRE(shown(site, id).durationMs == 10'000);
  run(site, "renditions");
  CHECK(renditionOf(site, id, RenditionForm::play)->error.value_or("").find("of 10 s could be read") !=
        std::string::npos);
  CHECK_FALSE(shown(site, id).play);
  CHECK(derivedFiles(site) == 0);
}

TEST_CASE("a file that makes ffmpeg spin is given up and remembered") {
  const QuietLog quiet;
  const Programs spinning("while :; do :; done");
  Site site(Way::local, [&](Settings& settings) {
    idle(settings);
    settings.renditions.programs = spinning.folder();
    settings.renditions.processor = 1s;
    settings.renditions.maxTries = 2;
    settings.renditions.retryDelay = 1ms;
  });
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  const auto state = [&] { return renditionOf(site, id, RenditionForm::play)->state; };
  waitFor("it has been given up", [&] {
    run(site, "renditions");
    return state() == RenditionState::dead;
  });
  run(site, "renditions");
  const Rendition dead = renditionOf(site, id, RenditionForm::play).value();
  CHECK(dead.state == RenditionState::dead);
  CHECK(dead.tries == 2);
  CHECK(dead.error.value_or("").find("processor time") != std::string::npos);
  CHECK(derivedFiles(site) == 0);
  CHECK(site.at(ada).renditions().render(ada, {id, {}}).state == RenditionState::waiting);  // asked for again
}

namespace {

// They find a stream that can be copied. ffmpeg writes something and does not end.
const std::string slowScript = R"(if [[ $* == *show_entries* ]]; then
  echo 'index=0|codec_name=h264|codec_type=video|pix_fmt=yuv420p|disposition:attached_pic=0'
elif [[ -n $BASH ]]; then
  echo part > /proc/self/fd/4; exec /bin/sleep 1000
fi)";

const std::string matroska = std::string("\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", 16) + std::string(1000, 'x');

}  // namespace

TEST_CASE("a rendition that is stopped in the middle leaves nothing, and is made at the next run") {
  const Programs slow(slowScript);
  const TempDirectory home;
  Settings settings;
  settings.dataDirectory = home / "data";
  settings.store.freeSpaceFloor = 0;
  settings.access.passwordOpslimit = 1;
  settings.access.passwordMemlimit = 8192;
  settings.renditions.programs = slow.folder();
  idle(settings);
  VideoId id;
  for (int round = 0; round < 2; ++round) {
    const auto toolkit = openLocal(settings, "the test", true);
    if (round == 0) {
      NewUser ada;
      ada.name = "ada";
      ada.password = "password-of-ada";
      toolkit->users().add(Operator{}, ada);
      id = toolkit->videos().add(Operator{}, {"ada", "x"}).id;
      toolkit->uploads().put(Operator{}, {id, {}}, sourceOf(matroska));
    }
    const auto scheduler = toolkit->tasks().makeScheduler(schedule::systemAlarmClock());
    scheduler->start();
    toolkit->tasks().run(Operator{}, {"renditions"});
    waitFor("it is being made", [&] { return countFiles(settings.dataDirectory / "derived") == 1; });
    scheduler->stop();
    CHECK(countFiles(settings.dataDirectory / "derived") == 0);
    const Page<Rendition> all = toolkit->renditions().list(Operator{}, {id});
    REQUIRE(all.items.size() == 2);
    for (const Rendition& one : all.items) CHECK(one.tries == 0);
  }
}

TEST_CASE("a rendition whose content is replaced, deleted or purged while it is made is left, and leaves nothing") {
  const Programs slow(slowScript);
  Site site(Way::remote, [&](Settings& settings) {
    idle(settings);
    settings.renditions.programs = slow.folder();
  });
  const Credential ada = site.user("ada");
  const std::string how = GENERATE("replaced", "deleted", "purged");
  CAPTURE(how);
  const VideoId id = site.video(ada, "ada", "x", matroska);
  Tasks& tasks = site.at(Operator{}).tasks();
  const TaskAsked asked = tasks.run(Operator{}, {"renditions"});
  waitFor("it is being made", [&] { return derivedFiles(site) == 1; });
  RemoveVideo gone;
  gone.id = id;
  gone.now = how == "purged";
  if (how == "replaced")
    site.at(ada).uploads().put(ada, {id, {}}, sourceOf(matroska + "y"));
  else
    site.at(ada).videos().remove(ada, gone);
  if (gone.now) site.at(Operator{}).deletions().drain(Operator{}, {});
  waitFor("it is left", [&] {
    const TaskStatus status = tasks.show(Operator{}, {"renditions"});
    return status.lastRun && *status.lastRun >= asked.asked && status.state != TaskState::running;
  });
  CHECK(derivedFiles(site) == 0);
  CHECK(fs::is_empty(site.data() / "derived"));
  if (how == "replaced") CHECK(renditionOf(site, id, RenditionForm::play)->tries == 0);
}

TEST_CASE("a program that cannot be started is no fault of the file") {
  const QuietLog quiet;
  Site site(Way::local, [](Settings& settings) {
    idle(settings);
    settings.renditions.programs = "/nowhere";
    settings.renditions.retryDelay = 1ms;
  });
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x");
  for (const char* task : {"thumbnails", "renditions"})
    for (int round = 0; round < 4; ++round) CHECK_THROWS_AS(run(site, task), Error);
  for (const Rendition& one : site.at(ada).renditions().list(ada, {id}).items) {
    CHECK(one.state == RenditionState::waiting);
    CHECK(one.tries == 0);
  }
}

TEST_CASE("a full disk is no fault of the file: what was written is removed, and it is tried again") {
  const QuietLog quiet;
  const Programs full(R"(if [[ $* == *show_entries* ]]; then
  echo 'index=0|codec_name=h264|codec_type=video|pix_fmt=yuv420p|disposition:attached_pic=0'
else
  echo part > /proc/self/fd/4; echo "Error writing trailer: No space left on device" >&2
fi)");
  Site site(Way::local, [&](Settings& settings) {
    idle(settings);
    settings.renditions.programs = full.folder();
    settings.renditions.retryDelay = 1ms;
  });
  const Credential ada = site.user("ada");
  const VideoId id = site.video(ada, "ada", "x", matroska);
  for (int round = 0; round < 4; ++round) run(site, "renditions");
  const Rendition waiting = renditionOf(site, id, RenditionForm::play).value();
  CHECK(waiting.state == RenditionState::waiting);
  CHECK(waiting.tries == 0);
  CHECK(derivedFiles(site) == 0);
}

TEST_CASE("who may not watch a video gets neither its picture nor its playable form") {
  if (!hasFfmpeg()) return;
  Site site(GENERATE(eachWay()), withFfmpeg);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId id = site.video(ada, "ada", "x", fileMade("a.mkv", "-c:v libx264 -pix_fmt yuv420p"));
  for (const char* task : {"thumbnails", "renditions"}) run(site, task);
  const auto opens = [&](const Credential& by) {
    CHECK_NOTHROW(site.at(by).renditions().thumbnail(by, {id, {}}));
    CHECK(site.at(by).videos().open(by, {id, {}, VideoForm::play}).meta.size > 1000);
  };
  const auto finds = [&](const Credential& by) {
    requireFault([&] { site.at(by).renditions().thumbnail(by, {id, {}}); }, Fault::notFound, ": not found");
    requireFault([&] { site.at(by).videos().open(by, {id, {}, VideoForm::play}); }, Fault::notFound, ": not found");
  };
  for (const Credential& by : {Credential(Anonymous{}), bob, ada}) opens(by);
  SetVideo hidden;
  hidden.id = id;
  hidden.visibility = Visibility::private_;
  site.at(ada).videos().set(ada, hidden);
  for (const Credential& by : {Credential(Anonymous{}), bob}) finds(by);
  opens(ada);
  hidden.visibility = Visibility::public_;
  site.at(ada).videos().set(ada, hidden);
  opens(bob);
  site.at(Operator{}).videos().block(Operator{}, {id, "x"});
  for (const Credential& by : {Credential(Anonymous{}), bob}) finds(by);
  site.at(Operator{}).videos().unblock(Operator{}, {id, {}});
  opens(bob);
  RemoveVideo trashed;
  trashed.id = id;
  site.at(ada).videos().remove(ada, trashed);
  for (const Credential& by : {Credential(Anonymous{}), bob}) finds(by);
  site.at(ada).videos().restore(ada, {id, {}});
  opens(bob);
}

TEST_CASE("a playlist that is accepted as a file of unknown type is never read by ffmpeg") {
  if (!hasFfmpeg()) return;
  const Bait bait;
  Site site(Way::local, [](Settings& settings) {
    withFfmpeg(settings);
    settings.uploads.serveUnknownTypes = true;
  });
  const Credential ada = site.user("ada");
  const std::string list = "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:" + bait.port() + "/a.ts\n#EXT-X-ENDLIST\n";
  const VideoId id = site.video(ada, "ada", "x.mp4", list);
  for (const char* task : {"thumbnails", "renditions"}) run(site, task);
  CHECK_FALSE(bait.taken());
  CHECK_FALSE(shown(site, id).thumbnail);
  CHECK(site.at(ada).renditions().list(ada, {id}).items.empty());
}
