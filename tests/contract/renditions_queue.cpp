// Which renditions are made first, and what was given up.
#include <SQLiteCpp/Database.h>

#include "catch.hpp"
#include "contract/renditions.hpp"
#include "quiet_log.hpp"

using namespace video;
using namespace video::test;
namespace fs = std::filesystem;

namespace {

fs::file_time_type pictureMadeAt(const Site& site, const VideoId& id) {
  for (const auto& file : fs::directory_iterator(site.data() / "derived" / id.text)) return file.last_write_time();
  FAIL("there is no picture");
  return {};
}

}  // namespace

TEST_CASE("users take turns: the videos of one do not hold up those of another") {
  if (!hasFfmpeg()) return;
  Site site(Way::local, withFfmpeg);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const std::string film = fileMade("a.mp4", "-c:v libx264 -pix_fmt yuv420p");
  std::vector<VideoId> videos;
  for (int i = 0; i < 3; ++i) videos.push_back(site.video(ada, "ada", "x", film));
  videos.push_back(site.video(bob, "bob", "y", film));
  run(site, "thumbnails");
  const auto madeAt = [&](const VideoId& id) { return pictureMadeAt(site, id); };
  CHECK(madeAt(videos[0]) < madeAt(videos[3]));
  CHECK(madeAt(videos[3]) < madeAt(videos[1]));
  CHECK(madeAt(videos[1]) < madeAt(videos[2]));
}

TEST_CASE("a video that another user gets waits for that user's turn") {
  if (!hasFfmpeg()) return;
  Site site(Way::local, withFfmpeg);
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const std::string film = fileMade("a.mp4", "-c:v libx264 -pix_fmt yuv420p");
  const VideoId first = site.video(ada, "ada", "x", film);
  const VideoId second = site.video(ada, "ada", "x", film);
  const VideoId third = site.video(bob, "bob", "y", film);
  SQLite::Database(site.data() / "video.db", SQLite::OPEN_READWRITE)
      .exec("UPDATE video_info SET author_id = (SELECT id FROM users WHERE login_name = 'ada')");
  run(site, "thumbnails");
  CHECK(pictureMadeAt(site, first) < pictureMadeAt(site, second));
  CHECK(pictureMadeAt(site, second) < pictureMadeAt(site, third));
}

TEST_CASE("what was given up is listed for all videos, and is made again on request") {
  if (!hasFfmpeg()) return;
  const QuietLog quiet;
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    withFfmpeg(settings);
    settings.renditions.maxTries = 1;
  });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId first = site.video(ada, "ada", "x");
  const VideoId second = site.video(bob, "bob", "y");
  run(site, "thumbnails");
  run(site, "renditions");
  const auto list = [&](const Credential& by, RenditionQuery wanted = {}) {
    std::vector<std::pair<VideoId, RenditionForm>> all;
    for (wanted.limit = 1;;) {
      const Page<Rendition> page = site.at(by).renditions().listQueued(by, wanted);
      for (const Rendition& one : page.items) {
        CHECK(one.state == wanted.state.value_or(RenditionState::dead));
        all.emplace_back(one.id, one.form);
      }
      if (!page.nextCursor) return all;
      wanted.cursor = page.nextCursor;
    }
  };
  using Listed = std::vector<std::pair<VideoId, RenditionForm>>;
  const auto both = [](const VideoId& id) { return Listed{{id, RenditionForm::play}, {id, RenditionForm::thumbnail}}; };
  RenditionQuery ofAda;
  ofAda.user = "ada";
  CHECK(list(ada) == both(first));
  CHECK(list(bob) == both(second));
  CHECK(list(Operator{}).size() == 4);
  CHECK(list(Operator{}, ofAda) == both(first));
  requireFault([&] { list(bob, ofAda); }, Fault::forbidden);
  RenditionQuery waiting;
  waiting.state = RenditionState::ready;
  requireFault([&] { list(ada, waiting); }, Fault::malformed, "state");
  waiting.state = RenditionState::waiting;
  CHECK(list(ada, waiting).empty());

  const RenderVideo again{first, std::nullopt, RenditionForm::thumbnail};
  requireFault([&] { site.at(bob).renditions().render(bob, again); }, Fault::forbidden);
  CHECK(site.at(ada).renditions().render(ada, again).state == RenditionState::waiting);
  run(site, "thumbnails");
  CHECK(list(ada, waiting).empty());
  CHECK(renditionOf(site, first, RenditionForm::thumbnail)->tries == 1);
  site.at(ada).renditions().setThumbnail(ada, {first}, sourceOf(test::picture(1)));
  CHECK(site.at(ada).renditions().render(ada, again).state == RenditionState::ready);
  CHECK(list(ada) == Listed{{first, RenditionForm::play}});
  CHECK(site.at(ada).renditions().render(ada, {first, {}}).state == RenditionState::waiting);
}
