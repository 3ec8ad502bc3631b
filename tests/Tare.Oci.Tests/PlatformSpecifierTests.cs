using Tare.Errors;
using Tare.Oci.Images;

namespace Tare.Oci.Tests;

/// <summary>As containerd's package platforms reads and completes platforms.</summary>
public sealed class PlatformSpecifierTests
{
    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("linux/x86_64", "linux/amd64")]
    [InlineData("linux/amd64/v1", "linux/amd64")]
    [InlineData("linux/amd64/v3", "linux/amd64/v3")]
    [InlineData("Linux/AARCH64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64/v8")]
    [InlineData("linux/arm64/8", "linux/arm64/v8")]
    [InlineData("linux/arm64/9", "linux/arm64/v9")]
    [InlineData("linux/arm", "linux/arm")]
    [InlineData("linux/arm/7", "linux/arm/v7")]
    [InlineData("linux/arm/6", "linux/arm/v6")]
    [InlineData("linux/armhf", "linux/arm")]
    [InlineData("linux/armel", "linux/arm/v6")]
    [InlineData("linux/i386", "linux/386")]
    [InlineData("macos/arm64", "darwin/arm64")]
    [InlineData("windows(10.0.17763)/amd64", "windows/amd64")]
    [InlineData("arm64", "linux/arm64")]
    [InlineData("x86_64", "linux/amd64")]
    [InlineData("foo/bar", "foo/bar")]
    public void Platforms_are_completed(string text, string expected) => Assert.Equal(expected, PlatformSpecifier.Format(PlatformSpecifier.Parse(text)));

    [Fact]
    public void A_system_alone_is_that_of_this_machine() => Assert.Equal("linux/" + PlatformSpecifier.HostArchitecture, PlatformSpecifier.Format(PlatformSpecifier.Parse("linux")));

    [Fact]
    public void A_version_of_the_system_is_kept() => Assert.Equal("10.0.17763", PlatformSpecifier.Parse("windows(10.0.17763)/amd64").OsVersion);

    [Theory]
    [InlineData("foo", "\"foo\": unknown operating system or architecture: invalid argument")]
    [InlineData("linux/*", "\"linux/*\": wildcards not yet supported: invalid argument")]
    [InlineData("a/b/c/d", "\"a/b/c/d\": cannot parse platform specifier: invalid argument")]
    [InlineData("linux/a b", "\"a b\" is an invalid component of \"linux/a b\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument")]
    [InlineData("linux/", "\"\" is an invalid component of \"linux/\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument")]
    [InlineData("l x", "\"l x\" is an invalid OS component of \"l x\": OSAndVersion specifier component must match \"^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$\": invalid argument")]
    [InlineData("windows(1", "\"windows(1\" is an invalid OS component of \"windows(1\": OSAndVersion specifier component must match \"^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$\": invalid argument")]
    public void What_is_no_platform_is_refused(string text, string message)
    {
        var error = Assert.Throws<TareException>(() => PlatformSpecifier.Parse(text));
        Assert.Equal((ErrorKind.InvalidArgument, message), (error.Kind, error.Message));
    }
}
