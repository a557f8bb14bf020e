#include "tvr/config/plugin.h"

#include <gmock/gmock.h>

namespace tvr {
namespace {
using testing::HasSubstr;

struct Shape {
  virtual ~Shape() = default;
  virtual int64_t corners() const = 0;
};
struct PolygonOptions {
  int64_t corners = 3;
  template <class Visit>
  void fields(Visit&& f) {
    f("corners", corners, "Number of corners", at_least(3));
  }
};
struct Polygon final : Shape {
  Polygon(const PolygonOptions& options, const int64_t& factor) : count(options.corners * factor) {}
  int64_t corners() const override { return count; }
  int64_t count;
};
PluginRegistry<Shape, int64_t> shapes() {
  PluginRegistry<Shape, int64_t> registry("shape");
  registry.add("polygon", make_plugin<Polygon, PolygonOptions, Shape, int64_t>());
  return registry;
}

TEST(Plugin, ReadsThenBuilds) {
  const auto node = ConfigNode::parse("shape: {type: polygon, corners: 5}\n");
  const auto builder = read_plugin(shapes(), node, "shape", "polygon");
  node.finish();
  EXPECT_EQ(builder(2)->corners(), 10);
}

TEST(Plugin, UnknownTypeAndWrongOptionAreCollected) {
  const auto node = ConfigNode::parse("a: {type: polygom}\nb: {corners: 2}\n", "x.yaml");
  EXPECT_FALSE(read_plugin(shapes(), node, "a", "polygon"));
  read_plugin(shapes(), node, "b", "polygon");
  EXPECT_THAT([&] { node.finish(); },
              testing::ThrowsMessage<ConfigError>(
                  testing::AllOf(HasSubstr("x.yaml:1: a.type: unknown shape 'polygom'; did you mean 'polygon'?"),
                                 HasSubstr("x.yaml:2: b.corners: 2 is out of range"))));
}

TEST(Plugin, ANameIsRegisteredOnce) {
  auto registry = shapes();
  EXPECT_THROW(registry.add("polygon", {}), std::logic_error);
}

}  // namespace
}  // namespace tvr
