package nocloud

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadsWhatToolsWrite(t *testing.T) {
	for _, tool := range tools {
		t.Run(tool.name, func(t *testing.T) {
			want := content()
			if strings.HasPrefix(tool.name, "cloud-localds") {
				delete(want, Keys) // it takes no other files
			}
			drive, err := Read("/dev/sr0", bytes.NewReader(tool.make(t, want)))
			if err != nil {
				t.Fatal(err)
			}
			if drive == nil {
				t.Fatal("it is not recognized")
			}
			if diff := cmp.Diff(want, drive.Files); diff != "" {
				t.Errorf("files read of %v (-want +got):\n%s", drive, diff)
			}
			if fat := strings.Contains(tool.script, "vfat"); fat != (drive.FileSystem == "vfat") {
				t.Errorf("file system %s", drive.FileSystem)
			}
		})
	}
}

func TestNamesCutToEightLetters(t *testing.T) {
	cut := tool{script: `genisoimage -quiet -o drive -V cidata seed 2>/dev/null`, needs: "genisoimage"}
	_, err := Read("/dev/sr0", bytes.NewReader(cut.make(t, content())))
	expectError(t, err, `read the seed on /dev/sr0 (iso9660, cidata): there is no user-data in its root directory`, `"USER_DAT"`, "names were cut")
}

func TestWhatIsNoFile(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"link out of the drive", `rm seed/user-data && ln -s /../etc/shadow seed/user-data && genisoimage -quiet -o drive -V cidata -R seed`,
			`user-data is a symbolic link to "/../etc/shadow"`},
		{"directory", `rm seed/user-data && mkdir seed/user-data && genisoimage -quiet -o drive -V cidata -J seed`, `user-data is a directory`},
		{"directory, rock ridge", `rm seed/meta-data && mkdir seed/meta-data && genisoimage -quiet -o drive -V cidata -R seed`, `meta-data is a directory`},
		{"fifo", `rm seed/user-data && mkfifo seed/user-data && genisoimage -quiet -o drive -V cidata -R seed`, `user-data is no regular file`},
		{"directory on vfat", `mkfs.vfat -n cidata -C drive 1440 && mmd -i drive ::user-data`, `user-data is a directory`},
		{"no user-data", `rm seed/user-data && genisoimage -quiet -o drive -V cidata -R seed`, `there is "meta-data", "network-config"`},
		{"nothing", `mkfs.vfat -n cidata -C drive 1440`, `there is nothing`},
		{"twice", `cp seed/user-data seed/USER-DATA && genisoimage -quiet -o drive -V cidata -R seed`, `user-data is there twice`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			drive, err := Read("/dev/sdb", bytes.NewReader(tool{script: tt.script, needs: "genisoimage"}.make(t, content())))
			expectError(t, err, "read the seed on /dev/sdb (", tt.want)
			if drive == nil {
				t.Error("the drive is not named, as if it had no label")
			}
		})
	}
}

func TestBigFileIsReadToWhereItIsTooBig(t *testing.T) {
	for _, i := range []int{2, 6} { // fat32, rock ridge and joliet
		files := content()
		files[UserData] = bytes.Repeat([]byte{'#'}, 10<<20)
		drive, err := Read("/dev/sr0", bytes.NewReader(tools[i].make(t, files)))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(drive.Files[UserData]); got != maxFile {
			t.Errorf("%s: read %d bytes of 10 MiB, want %d", tools[i].name, got, maxFile)
		}
	}
}

func TestDrivesOfOthers(t *testing.T) {
	for _, tt := range []struct{ name, script string }{
		{"iso9660", `genisoimage -quiet -o drive -V config-2 -J -r seed`},
		{"vfat", `mkfs.vfat -n DATA -C drive 1440`},
		{"vfat relabelled", `mkfs.vfat -n CIDATA -C drive 1440 && printf '\0\0\0\0\0\0\0\0\0\0\0' >label && mlabel -i drive ::OTHER`},
		{"swap", `truncate -s 1M drive && mkswap -L cidata drive`},
		{"nothing", `truncate -s 1M drive`},
		{"a sector", `truncate -s 512 drive`},
		{"no byte", `truncate -s 0 drive`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			drive, err := Read("/dev/sdb", bytes.NewReader(tool{script: tt.script, needs: "genisoimage"}.make(t, content())))
			if drive != nil || err != nil {
				t.Errorf("got %v, error %v; want to pass it by", drive, err)
			}
		})
	}
}

func expectError(t *testing.T, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Fatalf("error %v, want one with %q", err, w)
		}
	}
}
