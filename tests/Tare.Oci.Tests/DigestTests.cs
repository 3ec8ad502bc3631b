using System.Text;
using Tare.Errors;

namespace Tare.Oci.Tests;

public sealed class DigestTests
{
    [Fact]
    public void Hashes_in_pieces_are_hashes_of_the_whole()
    {
        using var builder = new DigestBuilder();
        builder.Append("ab"u8);
        builder.Append("c"u8);
        Assert.Equal(3, builder.Length);
        var digest = builder.Finish();
        Assert.Equal("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest.ToString());
        Assert.Equal(digest, Digest.Of("abc"u8));
        Assert.Equal("ba7816bf8f01", digest.Short);
    }

    [Theory]
    [InlineData("", "invalid checksum digest format")]
    [InlineData("sha256", "invalid checksum digest format")]
    [InlineData("sha256:", "invalid checksum digest format")]
    [InlineData(":abc", "invalid checksum digest format")]
    [InlineData("sha256:abc", "invalid checksum digest length")]
    [InlineData("md5:0123456789abcdef0123456789abcdef", "unsupported digest algorithm")]
    [InlineData("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "invalid checksum digest format")]
    public void Malformed_ones_are_refused(string text, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => Digest.Parse(text)).Message);

    [Fact]
    public void Sha512_is_known()
    {
        var text = "sha512:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA512.HashData(Encoding.UTF8.GetBytes("abc")));
        using var builder = new DigestBuilder(Digest.Parse(text));
        builder.Append("abc"u8);
        Assert.Equal(text, builder.Finish().ToString());
    }
}
