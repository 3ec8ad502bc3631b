using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Api.Http;
using Tare.Errors;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Api.Tests;

/// <summary>Reading what strangers send.</summary>
public sealed class QueryTests
{
    [Fact]
    public void Names_and_values_are_decoded()
    {
        var query = Query.Parse("a=b+c&d%20e=%C3%A4%3D&empty=&flag&a=2&=x");

        Assert.Equal("b c", query["a"]);
        Assert.Equal(["b c", "2"], query.All("a"));
        Assert.Equal("ä=", query["d e"]);
        Assert.True(query.Contains("empty") && query.Contains("flag") && query.Contains(""));
        Assert.Null(query.Text("empty"));
        Assert.False(query.Contains("nothing"));
        Assert.Equal("", query["nothing"]);
    }

    [Theory]
    [InlineData("f", false)]
    [InlineData("f=", false)]
    [InlineData("f=0", false)]
    [InlineData("f=No", false)]
    [InlineData("f=FALSE", false)]
    [InlineData("f=none+", false)]
    [InlineData("f=1", true)]
    [InlineData("f=true", true)]
    [InlineData("f=2", true)]
    [InlineData("f=off", true)]
    [InlineData("g=1", false)]
    public void Flags_are_true_unless_they_say_no(string text, bool expected) => Assert.Equal(expected, Query.Parse(text).Flag("f"));

    [Theory]
    [InlineData("a=%", "invalid URL escape \"%\"")]
    [InlineData("a=%2", "invalid URL escape \"%2\"")]
    [InlineData("a=%2g", "invalid URL escape \"%2g\"")]
    [InlineData("a;b=1", "invalid semicolon separator in query")]
    public void Bad_queries_are_refused_in_Gos_words(string text, string message)
        => Assert.Equal(message, Assert.Throws<TareException>(() => Query.Parse(text)).Message);

    [Fact]
    public void What_is_escaped_comes_back()
        => Prop.ForAll<NonNull<string>, NonNull<string>>((name, value) =>
        {
            // Half of a surrogate pair has no form in UTF-8.
            var (n, v) = (Wellformed(name.Get), Wellformed(value.Get));
            return Query.Parse($"{Uri.EscapeDataString(n)}={Uri.EscapeDataString(v)}")[n] == v;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_read_or_refused()
        => Prop.ForAll<NonNull<string>>(text =>
        {
            try
            {
                var query = Query.Parse(text.Get);
                query.Flag(text.Get);
                var path = RequestPath.Parse("/" + text.Get);
                _ = path.Path.Length;
                return true;
            }
            catch (TareException e)
            {
                return e.Kind == ErrorKind.InvalidArgument;
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("/v1.50/containers/json?all=1", "/containers/json", "1.50", "all=1")]
    [InlineData("/containers/json", "/containers/json", null, "")]
    [InlineData("/v1.50", "", "1.50", "")]
    [InlineData("/volumes", "/volumes", null, "")]
    [InlineData("/v/x", "/v/x", null, "")]
    [InlineData("/v1a/x", "/v1a/x", null, "")]
    [InlineData("/a%3Fb?c", "/a?b", null, "c")]
    public void Targets_are_taken_apart(string target, string path, string? version, string query)
        => Assert.Equal(new RequestPath(path, version, query), RequestPath.Parse(target));

    /// <summary>Bodies that were damaged anywhere are a document or a clear error, never a crash.</summary>
    [Fact]
    public void Damaged_documents_are_read_or_refused()
    {
        var whole = Encoding.UTF8.GetBytes("""{"Image":"a","Cmd":["b"],"Volumes":{"/x":{}},"Labels":{"k":"v"},"HostConfig":{"Memory":5,"Mounts":[{"Type":"bind"}],"PortBindings":{"80/tcp":[{"HostPort":"1"}]}}}""");
        for (var length = 0; length <= whole.Length; length++)
            Read(whole.AsMemory(0, length));
        Prop.ForAll<PositiveInt, byte>((at, value) =>
        {
            var damaged = whole.ToArray();
            damaged[at.Get % damaged.Length] = value;
            Read(damaged);
        }).QuickCheckThrowOnFailure();
    }

    private static void Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            JsonBody.Parse(new ReadOnlySequence<byte>(bytes), WireJson.Of<ContainerCreateRequest>());
        }
        catch (TareException e) when (e.Kind == ErrorKind.InvalidArgument)
        {
            Assert.Matches("^(invalid JSON: .|unexpected content after JSON)", e.Message);
        }
    }

    private static string Wellformed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
