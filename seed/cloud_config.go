package seed

import "strings"

// notActedOn has the keys of cloud-config that a node doesn't act on, with the
// reason. To skip them silently would leave someone believing that they work.
var notActedOn = reasons(map[string]string{
	"a node has no package manager; its software is fixed when the image is built": `
		packages package_update package_upgrade package_reboot_if_required apt apt_sources apt_pipelining
		apt_proxy apt_mirror snap snappy yum_repos yum_repo_dir zypper apk_repos fedora drivers
		ubuntu_advantage ubuntu_pro ubuntu_drivers rh_subscription spacewalk`,
	"a node runs no commands, only its own services; there is no shell": `
		runcmd bootcmd ansible chef puppet salt_minion mcollective landscape autoinstall phone_home power_state
		lxd byobu_by_default`,
	"the only login is admin, with a key from ssh_authorized_keys": `
		users groups user system_info password chpasswd ssh_pwauth ssh_import_id disable_root disable_root_opts`,
	"a node's host key comes from the folder of keys beside the seed": `
		ssh_keys ssh_deletekeys ssh_genkeytypes ssh_publish_hostkeys ssh_quiet_keygen no_ssh_fingerprints
		ssh_fp_console_blacklist ssh_key_console_blacklist authkey_hash allow_public_ssh_keys ssh`,
	"the host name is the node's name; write it under twinlb.nodes": `
		hostname fqdn local-hostname preserve_hostname prefer_fqdn_over_hostname create_hostname_file manage_etc_hosts`,
	"addresses go under twinlb.nodes and twinlb.gateway; a node has no other network settings": `
		network network-config wireguard updates`,
	"a node looks up no names; servers are given by address": `
		resolv_conf manage_resolv_conf manage-resolv-conf`,
	"a node does not set its clock by the network yet; leave it out": `
		ntp`,
	"a node's clock is UTC, its texts are English": `
		timezone locale locale_configfile keyboard`,
	"logs are not sent to another machine yet; leave it out": `
		rsyslog`,
	"a node opens no TLS of its own; that of MySQL passes through": `
		ca_certs ca-certs`,
	"a node runs from memory: there are no files to write and no disks to set up": `
		write_files disk_setup fs_setup mounts mount_default_fields swap growpart resize_rootfs device_aliases
		grub_dpkg grub-dpkg random_seed`,
	"there is no cloud-init on a node to set up": `
		cloud_init_modules cloud_config_modules cloud_final_modules datasource datasource_list merge_how merge_type
		vendor_data vendor_data2 output final_message reporting launch-index instance-id`,
})

// reasons maps each of the words to the reason it is listed under.
func reasons(keys map[string]string) map[string]string {
	byKey := map[string]string{}
	for reason, words := range keys {
		for _, key := range strings.Fields(words) {
			byKey[key] = "is not acted on: " + reason
		}
	}
	for _, key := range []string{"vips", "nodes", "gateway", "vrrp", "pools"} {
		byKey[key] = "belongs under twinlb"
	}
	return byKey
}
