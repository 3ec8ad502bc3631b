using Tare.Errors;
using Tare.Images.Importing;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

public sealed class ImportTests
{
    [Theory]
    [InlineData(CompressionKind.None)]
    [InlineData(CompressionKind.Gzip)]
    [InlineData(CompressionKind.Zstd)]
    public async Task A_root_filesystem_becomes_an_image(CompressionKind kind)
    {
        await using var store = new TestStore();
        var tar = Tar(Directory("bin/"), File("bin/sh", "x", 0x1ED));
        var image = await store.Images.ImportAsync(
            new Trickle(Compress(kind, tar), 1000),
            new ImportOptions { Reference = Reference.Parse("x:1"), Message = "made", Changes = ["CMD [\"sh\"]", "env A=1"] },
            CancellationToken.None);
        Assert.Equal([Digest.Of(tar)], image.DiffIds);
        Assert.Equal(["sh"], image.Config.Config!.Cmd!);
        Assert.Equal(["A=1"], image.Config.Config.Env!);
        Assert.Equal(("made", Platforms.Host.Architecture), (image.Config.Comment, image.Config.Architecture));
        Assert.Equal("made", image.Config.History![0].Comment);
        Assert.Equal(image.Id, store.Images.Get("x:1").Id);
    }

    [Fact]
    public async Task A_cut_archive_leaves_nothing()
    {
        await using var store = new TestStore();
        var tar = Tar(File("a", new string('x', 2000)), File("b", "y"));
        foreach (var kind in new[] { CompressionKind.None, CompressionKind.Gzip, CompressionKind.Zstd })
        {
            var archive = Compress(kind, tar);
            for (var length = 0; length <= archive.Length - (kind == CompressionKind.None ? 1024 : 1); length += kind == CompressionKind.None ? 512 : 1)
            {
                await Assert.ThrowsAsync<TareException>(() => store.Images.ImportAsync(new MemoryStream(archive[..length]), new ImportOptions(), CancellationToken.None));
                Assert.Empty(store.Leftovers());
            }
        }
    }

    [Theory]
    [InlineData("CMD echo hi", "/bin/sh,-c,echo hi")]
    [InlineData("CMD [\"a\", \"b c\"]", "a,b c")]
    [InlineData("cmd [not json", "/bin/sh,-c,[not json")]
    public void Commands_have_two_forms(string change, string expected) => Assert.Equal(expected, string.Join(',', Apply(change).Cmd!));

    [Fact]
    public void Instructions_change_the_configuration()
    {
        var config = Apply(
            "ENV A=1 B=\"two words\" C=a\\ b", "ENV A all the \"rest\"", "LABEL x=1 \"y z\"='q'", "EXPOSE 80 53/udp 8000-8001", "USER app:app", "VOLUME /a /b",
            "VOLUME [\"/c\"]", "WORKDIR /srv", "WORKDIR app", "ENTRYPOINT [\"/init\"]", "STOPSIGNAL SIGINT", "ONBUILD RUN x", "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x");
        Assert.Equal(["A=all the rest", "B=two words", "C=a b"], config.Env!);
        Assert.Equal(("1", "q"), (config.Labels!["x"], config.Labels["y z"]));
        Assert.Equal(["53/udp", "80/tcp", "8000-8001/tcp"], config.ExposedPorts!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["/a", "/b", "/c"], config.Volumes!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("app:app", "/srv/app", "SIGINT"), (config.User, config.WorkingDir, config.StopSignal));
        Assert.Equal(["/init"], config.Entrypoint!);
        Assert.Equal(["RUN x"], config.OnBuild!);
        Assert.Equal(["CMD-SHELL", "curl x"], config.Healthcheck!.Test!);
        Assert.Equal((90_000_000_000L, 2), (config.Healthcheck.Interval, config.Healthcheck.Retries));
    }

    [Theory]
    [InlineData("RUN x", "RUN is not a valid change command")]
    [InlineData("CMD", "CMD requires at least one argument")]
    [InlineData("ENV A", "ENV must have two arguments")]
    [InlineData("ENV A=1 B", "Syntax error - can't find = in \"B\". Must be of the form: name=value")]
    [InlineData("EXPOSE x", "invalid containerPort: x")]
    public void Other_instructions_are_refused(string change, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => Apply(change)).Message);

    private static OciContainerConfig Apply(params string[] changes) => ChangeInstructions.Apply(new OciContainerConfig(), changes);
}
