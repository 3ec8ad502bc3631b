using Tare.Errors;

namespace Tare.Oci.Tests;

public sealed class ReferenceTests
{
    private const string Hex = "4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox", null, "busybox")]
    [InlineData("busybox:1.36", "docker.io/library/busybox", "1.36", "busybox:1.36")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox", null, "busybox")]
    [InlineData("index.docker.io/library/busybox:a", "docker.io/library/busybox", "a", "busybox:a")]
    [InlineData("user/app", "docker.io/user/app", null, "user/app")]
    [InlineData("library/a/b", "docker.io/library/a/b", null, "library/a/b")]
    [InlineData("localhost/bench/bb:latest", "localhost/bench/bb", "latest", "localhost/bench/bb:latest")]
    [InlineData("localhost:5000/x", "localhost:5000/x", null, "localhost:5000/x")]
    [InlineData("localhost:5000", "docker.io/library/localhost", "5000", "localhost:5000")]
    [InlineData("[::1]:5000/x:y", "[::1]:5000/x", "y", "[::1]:5000/x:y")]
    [InlineData("Upper/x", "Upper/x", null, "Upper/x")]
    [InlineData("a.b/c", "a.b/c", null, "a.b/c")]
    [InlineData("a__b/c--d.e", "docker.io/a__b/c--d.e", null, "a__b/c--d.e")]
    [InlineData("x:_tag.-1", "docker.io/library/x", "_tag.-1", "x:_tag.-1")]
    public void Names_are_completed_as_docker_does(string text, string name, string? tag, string familiar)
    {
        var reference = Reference.Parse(text);
        Assert.Equal((name, tag, familiar), (reference.Name, reference.Tag, reference.FamiliarString));
    }

    [Fact]
    public void Tag_and_digest_are_kept()
    {
        var reference = Reference.Parse($"x:y@sha256:{Hex}");
        Assert.Equal(("y", Hex), (reference.Tag, reference.Digest.Hex));
        Assert.Equal($"docker.io/library/x:y@sha256:{Hex}", reference.ToString());
        Assert.Equal("x:latest", Reference.Parse("x").WithDefaultTag().FamiliarString);
        Assert.Equal($"x@sha256:{Hex}", Reference.Parse($"x@sha256:{Hex}").WithDefaultTag().FamiliarString);
    }

    [Theory]
    [InlineData("", "invalid reference format")]
    [InlineData(":x", "invalid reference format")]
    [InlineData("x:", "invalid reference format")]
    [InlineData("x@sha256:abc", "invalid reference format")]
    [InlineData("-x", "invalid reference format")]
    [InlineData("x//y", "invalid reference format")]
    [InlineData("a..b", "invalid reference format")]
    [InlineData("a___b", "invalid reference format")]
    [InlineData("x:" + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789", "invalid reference format")]
    [InlineData("https://example.com/x", "invalid reference format")]
    [InlineData("Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase")]
    [InlineData("a/B:x", "invalid reference format: repository name (a/B) must be lowercase")]
    [InlineData(Hex, "invalid repository name (" + Hex + "), cannot specify 64-byte hexadecimal strings")]
    [InlineData("x@sha256:" + Hex + "00", "invalid checksum digest length")]
    [InlineData("x@md5:" + Hex, "unsupported digest algorithm")]
    public void Errors_are_dockers(string text, string message)
    {
        var error = Assert.Throws<TareException>(() => Reference.Parse(text));
        Assert.Equal((ErrorKind.InvalidArgument, message), (error.Kind, error.Message));
    }

    [Fact]
    public void Names_have_at_most_255_characters()
    {
        Reference.Parse("h.x/" + new string('a', 255));
        var error = Assert.Throws<TareException>(() => Reference.Parse("h.x/" + new string('a', 256)));
        Assert.Equal("repository name must not be more than 255 characters", error.Message);
    }

    [Fact]
    public void Ids_are_told_from_names()
    {
        Assert.Equal("sha256:" + Hex, Reference.ParseAny(Hex).Id.ToString());
        Assert.Equal("sha256:" + Hex, Reference.ParseAny("sha256:" + Hex).Id.ToString());
        Assert.Equal("4bc453b53cb3", Reference.ParseAny("4bc453b53cb3").Reference!.FamiliarName);
    }

    [Fact]
    public void Whatever_parses_parses_again_to_the_same()
    {
        const string alphabet = "abzAZ09._-/:@[]%";
        var random = new Random(7);
        var parsed = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            if (!Reference.TryParse(text, out var reference)) continue;
            parsed++;
            Assert.Equal(reference, Reference.Parse(reference.ToString()));
            Assert.Equal(reference, Reference.Parse(reference.FamiliarString));
        }

        Assert.True(parsed > 1_000);
    }
}
