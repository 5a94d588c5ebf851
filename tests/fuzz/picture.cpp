#include "media/picture.hpp"

#include "fuzz.hpp"

using fuzz::holds;

namespace {

void run(fuzz::Input in) {
  const std::string bytes = in.rest();
  const auto picture = video::media::readPicture(bytes);
  if (!picture) return;
  holds(picture->width > 0 && picture->height > 0, "a picture has a size", picture->type);
  holds(video::media::pictureTypeOf(picture->extension) == picture->type, "its extension stands for its type",
        picture->type);
}

const fuzz::Target target{"picture", run};

}  // namespace
